package dev.filigree.mask;

/**
 * A weight matrix as a criterion sees it.
 *
 * @param name unique in its run; its UTF-8 bytes order ties of the global scope
 * @param rows outputs
 * @param cols inputs
 * @param scores [rows][cols], row-major; the lowest are removed first; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // large and never compared
public record ScoredTensor(String name, int rows, int cols, double[] scores) {}
