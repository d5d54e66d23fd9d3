package dev.filigree.kernel;

/**
 * A dense matrix stored by outputs.
 *
 * @param rows outputs
 * @param cols inputs
 * @param values [rows][cols]; integers have one scale per output
 */
public record DenseArrays(int rows, int cols, Values values) {}
