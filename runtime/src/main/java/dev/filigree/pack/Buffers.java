package dev.filigree.pack;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Checks of the buffers callers bring. */
final class Buffers {

  private Buffers() {}

  /**
   * The buffer with position 0 and native order.
   *
   * @param what its role, for the message
   * @throws FiligreeException FIL-0308 where it is not direct or holds fewer floats
   */
  static ByteBuffer floats(String what, ByteBuffer buffer, long floats) {
    if (!buffer.isDirect() || buffer.limit() < 4 * floats) {
      throw new FiligreeException(
          Message.FIL_0308,
          what,
          buffer.isDirect() ? "direct" : "on the heap",
          buffer.limit(),
          4 * floats);
    }
    return buffer.position() == 0 && buffer.order() == ByteOrder.nativeOrder()
        ? buffer
        : buffer.duplicate().position(0).order(ByteOrder.nativeOrder());
  }

  /** Floats {@code at} to {@code at + count} of a checked buffer, from position 0. */
  static ByteBuffer part(ByteBuffer buffer, int at, int count) {
    return buffer.slice(4 * at, 4 * count).order(ByteOrder.nativeOrder());
  }

  /** Writes that many zeros from position 0 on. */
  static void zero(ByteBuffer buffer, long floats) {
    for (int i = 0; i < floats; i++) {
      buffer.putInt(4 * i, 0);
    }
  }

  /**
   * {@link #floats} for a buffer that is written to.
   *
   * @throws FiligreeException FIL-0308 also where it is read-only
   */
  static ByteBuffer writable(String what, ByteBuffer buffer, long floats) {
    if (buffer.isReadOnly()) {
      throw new FiligreeException(Message.FIL_0308, what, "read-only", buffer.limit(), 4 * floats);
    }
    return floats(what, buffer, floats);
  }
}
