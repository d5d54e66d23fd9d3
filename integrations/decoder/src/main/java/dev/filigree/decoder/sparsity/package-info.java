/** Makes a decoder sparse: one-shot pruning of its projections, thresholds of its activations. */
package dev.filigree.decoder.sparsity;
