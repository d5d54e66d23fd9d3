package dev.filigree.pack;

import dev.filigree.kernel.AlignedMemory;
import java.nio.ByteBuffer;

/** One activation row with +0.0 for the inputs that are not active; memory of the thread. */
final class MaskedInputs {
  private static final ThreadLocal<MaskedInputs> LOCAL = ThreadLocal.withInitial(MaskedInputs::new);

  private ByteBuffer memory = AlignedMemory.allocate(0);

  private MaskedInputs() {}

  /** The row, valid until the next call on this thread. */
  static ByteBuffer of(ByteBuffer x, int cols, int[] active, int count) {
    MaskedInputs local = LOCAL.get();
    if (local.memory.capacity() < 4 * cols) {
      local.memory = AlignedMemory.allocate(4 * cols);
    }
    ByteBuffer masked = local.memory;
    Buffers.zero(masked, cols);
    for (int i = 0; i < count; i++) {
      masked.putFloat(4 * active[i], x.getFloat(4 * active[i]));
    }
    return masked;
  }
}
