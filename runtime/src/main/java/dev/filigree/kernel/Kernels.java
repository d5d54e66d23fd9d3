package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * Products of one packed weight matrix W [rows = outputs][cols = inputs] with activations.
 *
 * <p>Every method computes the outputs {@code from} (inclusive) to {@code to} (exclusive) and
 * nothing else, so disjoint ranges may run on different threads; the bits of an output do not
 * depend on the range it was computed in. Buffers are direct, in native order, position 0, and hold
 * float32; offsets named {@code xAt} and {@code yAt} count floats. {@code bias} [rows] may be null.
 * Arguments are trusted, the packed matrices check them.
 *
 * <p><b>Zeros.</b> A removed weight does not multiply: in the sparse formats an infinite or NaN
 * input meets only the kept weights of its column. The dense formats ({@code dense*}, {@code
 * columns*}) multiply everything they store, as IEEE 754 says.
 *
 * <p><b>Rounding.</b> {@link ReferenceKernels} accumulate in double; all others in float, in an
 * order of their own. On one machine and one vector width results repeat bit for bit.
 */
public interface Kernels {

  /** Outputs in one strip of the bitmap format. */
  int STRIP = 16;

  /** Activation rows of a panel come in multiples of this. */
  int PANEL_LANES = 16;

  /** The largest number of activation rows in one panel. */
  int MAX_PANEL_LANES = 64;

  /** Inputs in one block of the csr format. */
  int CSR_BLOCK = 256;

  /** Inputs in one window of the sell format. */
  int WINDOW = 32;

  /** Which kernels these are, for example {@code vector, 512 bit}. */
  String name();

  /** y[r] = bias[r] + sum over k of w[r][k] x[k]; w is [rows][cols]. */
  void denseGemv(
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
   * @param panel activations [cols][lanes], lanes a multiple of {@link #PANEL_LANES} up to {@link
   *     #MAX_PANEL_LANES}
   * @param tile overwritten
   */
  void densePanel(
      ByteBuffer w, int cols, ByteBuffer panel, int lanes, float[] tile, int from, int to);

  /**
   * y[r] = bias[r] + sum over the active inputs k of w[k][r] x[k]; w is [cols][rows].
   *
   * @param active the inputs to use, in this order; null means all
   * @param count how many of them; the number of inputs where active is null
   */
  void columnsGemv(
      ByteBuffer w,
      int rows,
      int[] active,
      int count,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to);

  /**
   * {@link #columnsGemv} over all inputs for four activation rows at once: rows {@code xAt + i *
   * cols} of x give {@code yAt + i * rows} of y, i from 0 to 3.
   */
  void columnsGemm4(
      ByteBuffer w,
      int rows,
      int cols,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to);

  /**
   * y[r] = bias[r] + sum over the kept weights of row r, in the {@linkplain BitmapArrays bitmap}
   * format.
   *
   * @param x the inputs, from element 0
   * @param finite whether all of them are finite
   * @param from a multiple of {@link #STRIP}
   * @param to a multiple of {@link #STRIP}, or rows
   */
  void bitmapGemv(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to);

  /**
   * {@link #bitmapGemv} for four activation rows at once: x is [4][cols], and row i goes to {@code
   * yAt + i * rows}.
   */
  void bitmapGemm4(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to);

  /**
   * y[r] = bias[r] + sum over the stored weights of row r, in the {@linkplain CsrArrays csr}
   * format.
   */
  void csrGemv(CsrArrays w, float[] x, ByteBuffer bias, ByteBuffer y, int yAt, int from, int to);

  /**
   * y[r] = bias[r] + sum over the kept weights of row r, in the {@linkplain SellArrays sell}
   * format.
   *
   * @param x the inputs, from element 0, with zeros behind them up to whole windows
   * @param finite whether all of them are finite
   * @param from a multiple of {@link #STRIP}
   * @param to a multiple of {@link #STRIP}, or rows
   */
  void sellGemv(
      SellArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to);

  /**
   * tile[r - from][l] = sum over the stored weights of row r; see {@link #densePanel} for panel and
   * tile.
   */
  void csrPanel(CsrArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to);
}
