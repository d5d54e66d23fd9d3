package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * Products in the {@linkplain StripArrays strip} formats; see {@link Kernels} for what all have in
 * common. What is kept or removed is a block: all weights of a stored block multiply, zeros
 * included.
 */
public interface StripKernels {

  /** Outputs that {@link #panel} computes together. */
  int PANEL_ROWS = 4;

  /**
   * y[r] = bias[r] + sum over the stored blocks of row r.
   *
   * @param x the inputs, from element 0, with zeros behind them up to a multiple of 16
   * @param from a multiple of the outputs of a block
   * @param to a multiple of the outputs of a block, or rows
   */
  void gemv(StripArrays w, float[] x, ByteBuffer bias, ByteBuffer y, int yAt, int from, int to);

  /**
   * tile[r - from][l] = sum over the stored blocks of row r; see {@link DenseKernels#panel} for
   * panel and tile.
   *
   * @param tile also has room for outputs up to a multiple of {@link #PANEL_ROWS}, which are
   *     undefined
   * @param from a multiple of {@link #PANEL_ROWS}
   * @param to a multiple of {@link #PANEL_ROWS}, or rows
   */
  void panel(StripArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to);
}
