package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** Dense [rows][cols] to the bitmap format. */
public final class BitmapPacking {

  private BitmapPacking() {}

  /**
   * Packs every weight whose stored value is not zero.
   *
   * @param dense float32 [rows][cols] in native order from position 0
   * @throws ArithmeticException where an array would exceed 2 GiB
   */
  public static BitmapArrays pack(ByteBuffer dense, int rows, int cols, ValueType type) {
    KeptWeights weights = new KeptWeights(dense, rows, cols, type);
    int strips = strips(rows);
    ByteBuffer masks = AlignedMemory.allocate(Math.multiplyExact(2 * strips, cols));
    ByteBuffer starts = AlignedMemory.allocate(4 * (strips + 1));
    int kept = 0;
    for (int s = 0; s < strips; s++) {
      starts.putInt(4 * s, kept);
      for (int k = 0; k < cols; k++) {
        int mask = mask(weights, s, k);
        masks.putShort(2 * (s * cols + k), (short) mask);
        kept += Integer.bitCount(mask);
      }
    }
    starts.putInt(4 * strips, kept);
    ValuesBuilder values = weights.values((long) kept + Kernels.STRIP);
    int next = 0;
    for (int s = 0; s < strips; s++) {
      for (int k = 0; k < cols; k++) {
        for (int m = masks.getShort(2 * (s * cols + k)) & 0xFFFF; m != 0; m &= m - 1) {
          int r = s * Kernels.STRIP + Integer.numberOfTrailingZeros(m);
          values.put(next++, r, weights.get(r, k));
        }
      }
    }
    return new BitmapArrays(rows, cols, masks, starts, values.build());
  }

  /** Strips of that many outputs. */
  public static int strips(int rows) {
    return (int) (((long) rows + Kernels.STRIP - 1) / Kernels.STRIP);
  }

  private static int mask(KeptWeights weights, int strip, int k) {
    int mask = 0;
    int first = strip * Kernels.STRIP;
    for (int i = 0; i < Math.min(Kernels.STRIP, weights.rows() - first); i++) {
      if (weights.kept(first + i, k)) {
        mask |= 1 << i;
      }
    }
    return mask;
  }
}
