/** Pruning the tensors of a file at once, from weights and calibration inputs on disk. */
package dev.filigree.prune;
