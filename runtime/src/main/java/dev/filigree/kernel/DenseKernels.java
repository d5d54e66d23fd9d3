package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * Products of a dense matrix stored by outputs; see {@link Kernels} for what all have in common.
 */
public interface DenseKernels {

  /** y[r] = bias[r] + sum over k of w[r][k] x[k]; w is [rows][cols]. */
  void gemv(
      ByteBuffer w,
      int cols,
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
  void panel(ByteBuffer w, int cols, ByteBuffer panel, int lanes, float[] tile, int from, int to);
}
