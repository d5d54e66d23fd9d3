package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** Dense [rows][cols] to the sell format. */
public final class SellPacking {
  private static final int STRIP = Kernels.STRIP;
  private static final int WINDOW = Kernels.WINDOW;

  private SellPacking() {}

  /**
   * Packs every weight whose stored value is not zero.
   *
   * @param dense float32 [rows][cols] in native order from position 0
   * @throws ArithmeticException where an array would exceed 2 GiB
   */
  public static SellArrays pack(ByteBuffer dense, int rows, int cols, ValueType type) {
    KeptWeights weights = new KeptWeights(dense, rows, cols, type);
    int strips = BitmapPacking.strips(rows);
    int windows = SellArrays.windows(cols);
    int blocks = Math.multiplyExact(strips, windows);
    ByteBuffer starts = AlignedMemory.allocate(Math.multiplyExact(4, Math.addExact(blocks, 1)));
    int steps = 0;
    for (int i = 0; i < blocks; i++) {
      starts.putInt(4 * i, steps);
      steps += longest(weights, i / windows * STRIP, i % windows * WINDOW);
    }
    starts.putInt(4 * blocks, steps);
    ByteBuffer inputs = AlignedMemory.allocate(Math.multiplyExact(STRIP, steps));
    ValuesBuilder values = weights.values((long) STRIP * steps);
    for (int i = 0; i < blocks; i++) {
      int first = i / windows * STRIP;
      for (int r = first; r < Math.min(rows, first + STRIP); r++) {
        int slot = starts.getInt(4 * i) * STRIP + r - first;
        fill(weights, r, i % windows * WINDOW, inputs, values, slot);
      }
    }
    return new SellArrays(rows, cols, starts, inputs, values.build());
  }

  /** The largest number of kept weights of an output of the strip in the window. */
  private static int longest(KeptWeights weights, int row, int col) {
    int longest = 0;
    for (int r = row; r < Math.min(weights.rows(), row + STRIP); r++) {
      int kept = 0;
      for (int k = col; k < Math.min(weights.cols(), col + WINDOW); k++) {
        kept += weights.kept(r, k) ? 1 : 0;
      }
      longest = Math.max(longest, kept);
    }
    return longest;
  }

  private static void fill(
      KeptWeights weights, int r, int col, ByteBuffer inputs, ValuesBuilder values, int slot) {
    int next = slot;
    for (int k = col; k < Math.min(weights.cols(), col + WINDOW); k++) {
      if (weights.kept(r, k)) {
        inputs.put(next, (byte) (k - col));
        values.put(next, r, weights.get(r, k));
        next += STRIP;
      }
    }
  }
}
