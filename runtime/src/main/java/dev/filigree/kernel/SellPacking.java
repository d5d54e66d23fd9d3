package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** Dense [rows][cols] to the sell format. */
public final class SellPacking {
  private static final int STRIP = Kernels.STRIP;
  private static final int WINDOW = Kernels.WINDOW;

  private SellPacking() {}

  /**
   * Packs every weight that is not zero; zeros of both signs are left out.
   *
   * @param dense float32 [rows][cols] in native order from position 0
   * @throws ArithmeticException where an array would exceed 2 GiB
   */
  public static SellArrays pack(ByteBuffer dense, int rows, int cols) {
    int strips = BitmapPacking.strips(rows);
    int windows = SellArrays.windows(cols);
    int blocks = Math.multiplyExact(strips, windows);
    ByteBuffer starts = AlignedMemory.allocate(Math.multiplyExact(4, Math.addExact(blocks, 1)));
    int steps = 0;
    for (int i = 0; i < blocks; i++) {
      starts.putInt(4 * i, steps);
      steps += longest(dense, rows, cols, i / windows * STRIP, i % windows * WINDOW);
    }
    starts.putInt(4 * blocks, steps);
    ByteBuffer inputs = AlignedMemory.allocate(Math.multiplyExact(STRIP, steps));
    ByteBuffer values = AlignedMemory.allocate(Math.multiplyExact(4 * STRIP, steps));
    for (int i = 0; i < blocks; i++) {
      int first = i / windows * STRIP;
      for (int r = first; r < Math.min(rows, first + STRIP); r++) {
        int slot = starts.getInt(4 * i) * STRIP + r - first;
        fill(dense, r, cols, i % windows * WINDOW, inputs, values, slot);
      }
    }
    return new SellArrays(rows, cols, starts, inputs, values);
  }

  /** The largest number of kept weights of an output of the strip in the window. */
  private static int longest(ByteBuffer dense, int rows, int cols, int row, int col) {
    int longest = 0;
    for (int r = row; r < Math.min(rows, row + STRIP); r++) {
      int kept = 0;
      for (int k = col; k < Math.min(cols, col + WINDOW); k++) {
        kept += dense.getFloat(4 * (r * cols + k)) != 0f ? 1 : 0;
      }
      longest = Math.max(longest, kept);
    }
    return longest;
  }

  private static void fill(
      ByteBuffer dense, int r, int cols, int col, ByteBuffer inputs, ByteBuffer values, int slot) {
    int next = slot;
    for (int k = col; k < Math.min(cols, col + WINDOW); k++) {
      int at = 4 * (r * cols + k);
      if (dense.getFloat(at) != 0f) {
        inputs.put(next, (byte) (k - col));
        // As bits, so that NaN payloads survive.
        values.putInt(4 * next, dense.getInt(at));
        next += STRIP;
      }
    }
  }
}
