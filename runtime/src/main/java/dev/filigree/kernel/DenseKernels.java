package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * Products of a dense matrix stored by outputs; see {@link Kernels} for what all have in common.
 */
public interface DenseKernels {

  /** y[r] = bias[r] + sum over k of w[r][k] x[k]. */
  void gemv(
      DenseArrays w,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to);

  /**
   * {@link #gemv} for chosen outputs: y[r] for r = outputs[i], i from {@code from} to {@code to};
   * nothing else of y is written, and the other outputs' weights are not read. The bits are those
   * of {@link #gemv}.
   *
   * @param outputs each from 0 to rows - 1
   */
  void rows(
      DenseArrays w,
      int[] outputs,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to);

  /**
   * tile[r - from][l] = sum over k of w[r][k] panel[k][l].
   *
   * @param panel activations [cols][lanes], lanes a multiple of {@link Kernels#PANEL_LANES} up to
   *     {@link Kernels#MAX_PANEL_LANES}
   * @param tile overwritten
   */
  void panel(DenseArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to);
}
