package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One zeroed direct buffer on a 64-byte boundary that may be freed before it is unreachable. This
 * is the version for JDKs before 25, where such memory cannot be given back by hand: {@link #free}
 * lets go of it, and the garbage collector frees it when no view of it is left.
 */
final class FreeableMemory {
  private ByteBuffer buffer;

  private FreeableMemory(ByteBuffer buffer) {
    this.buffer = buffer;
  }

  static FreeableMemory allocate(int bytes) {
    return new FreeableMemory(AlignedMemory.unowned(bytes));
  }

  /** Whether {@link #free} gives the memory back at once. */
  static boolean isFreedAtOnce() {
    return false;
  }

  /** The bytes allocated and not freed yet, of all owners; here unknown, 0. */
  static long held() {
    return 0;
  }

  /** All of it, writable, in native order. */
  ByteBuffer buffer() {
    return buffer.duplicate().order(ByteOrder.nativeOrder());
  }

  /** Lets go of the memory; at most once. */
  void free() {
    buffer = null;
  }
}
