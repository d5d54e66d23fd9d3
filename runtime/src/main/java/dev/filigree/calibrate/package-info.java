/** Thresholds over activations, and the choice of active inputs of one token. */
package dev.filigree.calibrate;
