/**
 * One-shot pruning of any DJL model: calibration through its layers, shares of sparsity, masks that
 * hold from then on, and a report of what was done to which layer with which data.
 */
package dev.filigree.djl.prune;
