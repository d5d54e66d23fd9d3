package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * The arrays of a matrix in the sell format: sliced ELLPACK in windows. A strip of 16 outputs by a
 * window of 32 inputs is stored as steps; step j holds the j-th kept weight of each of the 16
 * outputs and which input of the window it belongs to. Outputs with fewer weights are padded with
 * zeros at the end, so N:M patterns whose M divides 32 need none.
 *
 * <p>After SELL-C-sigma (Kreutzer, Hager, Wellein, Fehske, Bishop, SIAM J. Sci. Comput. 36(5),
 * 2014) with C = 16 and no sorting; the windows are ours, so that the inputs can be looked up in
 * vector registers.
 *
 * @param rows outputs
 * @param cols inputs
 * @param starts I32 [strips * windows + 1]; the steps of strip s and window v are starts[s *
 *     windows + v] to starts[s * windows + v + 1], exclusive
 * @param inputs U8 [steps][16]; the input within the window, 0 to 31
 * @param values [steps][16]; integers have one scale per output
 */
public record SellArrays(int rows, int cols, ByteBuffer starts, ByteBuffer inputs, Values values) {

  /** Windows of every strip. */
  public int windows() {
    return windows(cols);
  }

  /** Windows of a matrix with that many inputs. */
  public static int windows(int cols) {
    return (int) (((long) cols + Kernels.WINDOW - 1) / Kernels.WINDOW);
  }
}
