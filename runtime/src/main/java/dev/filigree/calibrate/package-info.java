/** Statistics of a layer's inputs, thresholds, and the choice of active inputs of one token. */
package dev.filigree.calibrate;
