package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** Products of a dense matrix stored by inputs; see {@link Kernels} for what all have in common. */
public interface ColumnsKernels {

  /**
   * y[r] = bias[r] + sum over the active inputs k of w[k][r] x[k].
   *
   * @param active the inputs to use, in this order; null means all
   * @param first the first of them: active[first] or, where active is null, input first
   * @param count how many of them
   */
  void gemv(
      ColumnsArrays w,
      int[] active,
      int first,
      int count,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to);

  /**
   * {@link #gemv} over all inputs for four activation rows at once: rows {@code xAt + i * cols} of
   * x give {@code yAt + i * rows} of y, i from 0 to 3.
   */
  void gemm4(
      ColumnsArrays w,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to);

  /**
   * y[yAt + r] = ((bias[r] + sums[r]) + sums[stride + r]) + ... for the outputs from to to: the
   * sums of several groups of inputs become those of all.
   *
   * @param sums [groups][stride]
   * @param sumsAt where those of output 0 are, in floats; negative where the first output kept is
   *     not 0
   */
  void add(
      ByteBuffer sums,
      int sumsAt,
      int groups,
      int stride,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to);

  /**
   * tile[r - from][l] = sum over k of w[k][r] panel[k][l].
   *
   * @param panel activations [cols][lanes], lanes a multiple of {@link Kernels#PANEL_LANES} up to
   *     {@link Kernels#MAX_PANEL_LANES}
   * @param tile overwritten
   */
  void panel(ColumnsArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to);
}
