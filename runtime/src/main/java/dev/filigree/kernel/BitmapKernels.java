package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * Products in the {@linkplain BitmapArrays bitmap} format; see {@link Kernels} for what all have in
 * common.
 */
public interface BitmapKernels {

  /**
   * y[r] = bias[r] + sum over the kept weights of row r, in the {@linkplain BitmapArrays bitmap}
   * format.
   *
   * @param x the inputs, from element 0
   * @param finite whether all of them are finite
   * @param from a multiple of {@link Kernels#STRIP}
   * @param to a multiple of {@link Kernels#STRIP}, or rows
   */
  void gemv(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to);

  /**
   * {@link #gemv} for four activation rows at once: x is [4][cols], and row i goes to {@code yAt +
   * i * rows}.
   */
  void gemm4(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to);
}
