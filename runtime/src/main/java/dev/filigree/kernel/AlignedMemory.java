package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Off-heap memory on 64-byte boundaries, the size of a cache line and of the widest vector. */
public final class AlignedMemory {

  /** Alignment in bytes. */
  public static final int ALIGNMENT = 64;

  private AlignedMemory() {}

  /**
   * A zeroed direct buffer of that many bytes in native order; freed with its owner inside {@link
   * OwnedMemory#collect}, otherwise when it is unreachable.
   */
  public static ByteBuffer allocate(int bytes) {
    OwnedMemory owner = OwnedMemory.current();
    return owner == null ? unowned(bytes) : owner.allocate(bytes);
  }

  /** The same without any owner. */
  static ByteBuffer unowned(int bytes) {
    // An aligned slice is cut to whole lines at both ends.
    return ByteBuffer.allocateDirect(Math.addExact(bytes, 2 * ALIGNMENT))
        .alignedSlice(ALIGNMENT)
        .slice(0, bytes)
        .order(ByteOrder.nativeOrder());
  }

  /** Whether the first byte of the buffer's content (position 0) is on such a boundary. */
  public static boolean isAligned(ByteBuffer buffer) {
    return buffer.isDirect() && buffer.alignmentOffset(0, ALIGNMENT) == 0;
  }

  /**
   * The bytes from position 0 to the limit, read-only, aligned and in native order: the same memory
   * where it is aligned already, otherwise a copy.
   */
  public static ByteBuffer aligned(ByteBuffer source) {
    ByteBuffer all = source.duplicate().position(0);
    if (isAligned(source)) {
      return all.slice()
          .order(ByteOrder.nativeOrder())
          .asReadOnlyBuffer()
          .order(ByteOrder.nativeOrder());
    }
    ByteBuffer copy = allocate(all.remaining());
    copy.put(0, all, 0, all.remaining());
    return copy.asReadOnlyBuffer().order(ByteOrder.nativeOrder());
  }
}
