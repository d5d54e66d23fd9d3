package dev.filigree.criterion;

import dev.filigree.mask.Mask;
import java.nio.ByteBuffer;

/** Masks from flags. */
final class MaskBits {
  private MaskBits() {}

  static Mask of(boolean[] kept, int rows, int cols) {
    byte[] bits = new byte[(int) (((long) kept.length + 7) >>> 3)];
    for (int i = 0; i < kept.length; i++) {
      bits[i >>> 3] |= (byte) (kept[i] ? 0x80 >>> (i & 7) : 0);
    }
    return Mask.ofBits(ByteBuffer.wrap(bits), rows, cols);
  }
}
