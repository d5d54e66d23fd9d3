package dev.filigree.cli.decoder;

/**
 * Bytes of weights that one decoded token reads, the head included.
 *
 * @param dense where nothing is skipped
 * @param realised what was not skipped
 */
record WeightBytes(long dense, long realised) {}
