package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * Products in the {@linkplain SellArrays sell} format; see {@link Kernels} for what all have in
 * common.
 */
public interface SellKernels {

  /**
   * y[r] = bias[r] + sum over the kept weights of row r, in the {@linkplain SellArrays sell}
   * format.
   *
   * @param x the inputs, from element 0, with zeros behind them up to whole windows
   * @param finite whether all of them are finite
   * @param from a multiple of {@link Kernels#STRIP}
   * @param to a multiple of {@link Kernels#STRIP}, or rows
   */
  void gemv(
      SellArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to);
}
