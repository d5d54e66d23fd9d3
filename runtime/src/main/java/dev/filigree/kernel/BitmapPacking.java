package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** Dense [rows][cols] to the bitmap format. */
public final class BitmapPacking {

  private BitmapPacking() {}

  /**
   * Packs every weight that is not zero; zeros of both signs are left out.
   *
   * @param dense float32 [rows][cols] in native order from position 0
   * @throws ArithmeticException where an array would exceed 2 GiB
   */
  public static BitmapArrays pack(ByteBuffer dense, int rows, int cols) {
    int strips = strips(rows);
    ByteBuffer masks = AlignedMemory.allocate(Math.multiplyExact(2 * strips, cols));
    ByteBuffer starts = AlignedMemory.allocate(4 * (strips + 1));
    int kept = 0;
    for (int s = 0; s < strips; s++) {
      starts.putInt(4 * s, kept);
      for (int k = 0; k < cols; k++) {
        int mask = mask(dense, s, k, rows, cols);
        masks.putShort(2 * (s * cols + k), (short) mask);
        kept += Integer.bitCount(mask);
      }
    }
    starts.putInt(4 * strips, kept);
    ByteBuffer values =
        AlignedMemory.allocate(Math.multiplyExact(4, Math.addExact(kept, Kernels.STRIP)));
    int next = 0;
    for (int s = 0; s < strips; s++) {
      for (int k = 0; k < cols; k++) {
        for (int m = masks.getShort(2 * (s * cols + k)) & 0xFFFF; m != 0; m &= m - 1) {
          int r = s * Kernels.STRIP + Integer.numberOfTrailingZeros(m);
          // As bits, so that NaN payloads survive.
          values.putInt(4 * next++, dense.getInt(4 * (r * cols + k)));
        }
      }
    }
    return new BitmapArrays(rows, cols, masks, starts, values);
  }

  /** Strips of that many outputs. */
  public static int strips(int rows) {
    return (int) (((long) rows + Kernels.STRIP - 1) / Kernels.STRIP);
  }

  private static int mask(ByteBuffer dense, int strip, int k, int rows, int cols) {
    int mask = 0;
    int first = strip * Kernels.STRIP;
    for (int i = 0; i < Math.min(Kernels.STRIP, rows - first); i++) {
      if (dense.getFloat(4 * ((first + i) * cols + k)) != 0f) {
        mask |= 1 << i;
      }
    }
    return mask;
  }
}
