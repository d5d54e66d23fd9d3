package dev.filigree.cli.bench;

/**
 * The shape of one weight matrix.
 *
 * @param rows outputs
 * @param cols inputs
 */
record MatrixShape(int rows, int cols) {
  /** Weights, kept or not. */
  long weights() {
    return (long) rows * cols;
  }

  /** Bytes of the dense float32 weights. */
  long denseBytes() {
    return 4 * weights();
  }
}
