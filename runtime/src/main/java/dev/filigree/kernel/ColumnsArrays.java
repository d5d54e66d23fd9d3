package dev.filigree.kernel;

/**
 * A dense matrix stored by inputs.
 *
 * @param rows outputs
 * @param cols inputs
 * @param values [cols][rows]; integers have one scale per input
 */
public record ColumnsArrays(int rows, int cols, Values values) {}
