package dev.filigree.pack;

import dev.filigree.kernel.DenseArrays;
import java.nio.ByteBuffer;

/** A dense matrix that is kept from being freed while a job reads it; used again and again. */
final class OpenDense {
  private DenseMatrix matrix;
  private DenseArrays arrays;
  private ByteBuffer bias;

  /**
   * Takes hold of a matrix.
   *
   * @throws IllegalStateException where it was closed
   */
  void open(DenseMatrix of, ByteBuffer offsets) {
    arrays = of.acquire();
    matrix = of;
    bias = offsets;
  }

  boolean isOpen() {
    return matrix != null;
  }

  DenseArrays arrays() {
    return arrays;
  }

  ByteBuffer bias() {
    return bias;
  }

  /** Lets go of it, if there is one. */
  void end() {
    if (matrix != null) {
      matrix.release();
    }
    matrix = null;
    arrays = null;
    bias = null;
  }
}
