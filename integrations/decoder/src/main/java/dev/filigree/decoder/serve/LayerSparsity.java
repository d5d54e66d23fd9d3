package dev.filigree.decoder.serve;

/**
 * Planned against realised activation sparsity of one block.
 *
 * @param layer number of the block
 * @param planned share of inputs that is to be skipped
 * @param realised share that was skipped, 0 where no inputs were seen
 * @param inputs how many were seen, an input shared by several projections once for each
 */
public record LayerSparsity(int layer, double planned, double realised, long inputs) {}
