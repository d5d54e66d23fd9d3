package dev.filigree.kernel;

import java.lang.foreign.Arena;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One zeroed direct buffer on a 64-byte boundary that may be freed before it is unreachable; the
 * version for JDK 25 and later. A view that outlives {@link #free} throws {@link
 * IllegalStateException} when it is read. Memory that nobody frees is freed when no view is left.
 */
final class FreeableMemory {
  private static final System.Logger LOG = System.getLogger("dev.filigree.kernel");
  private static final Cleaner CLEANER = Cleaner.create();

  private static final AtomicLong HELD = new AtomicLong();

  private final Release release;
  private ByteBuffer buffer;

  private FreeableMemory(Release release, ByteBuffer buffer) {
    this.release = release;
    this.buffer = buffer;
  }

  /** Frees an arena; never refers to the buffer. */
  private record Release(Arena arena, int bytes) implements Runnable {
    @Override
    public void run() {
      try {
        arena.close();
        HELD.addAndGet(-bytes);
      } catch (IllegalStateException e) {
        // Either it is freed already, or a file is being written from a view: then the cleaner
        // comes once more when no view is left.
        LOG.log(System.Logger.Level.DEBUG, "Packed memory is not freed now", e);
      }
    }
  }

  static FreeableMemory allocate(int bytes) {
    Arena arena = Arena.ofShared();
    try {
      ByteBuffer buffer =
          HugePages.allocate(bytes, arena)
              .orElseGet(() -> arena.allocate(bytes, AlignedMemory.ALIGNMENT))
              .asByteBuffer();
      // Every duplicate and slice of a buffer keeps the buffer it was made from.
      Release release = new Release(arena, bytes);
      CLEANER.register(buffer, release);
      HELD.addAndGet(bytes);
      return new FreeableMemory(release, buffer);
    } catch (Throwable e) {
      arena.close();
      throw e;
    }
  }

  /** Whether {@link #free} gives the memory back at once. */
  static boolean isFreedAtOnce() {
    return true;
  }

  /** The bytes allocated and not freed yet, of all owners. */
  static long held() {
    return HELD.get();
  }

  /** All of it, writable, in native order. */
  ByteBuffer buffer() {
    return buffer.duplicate().order(ByteOrder.nativeOrder());
  }

  /** Gives the memory back; at most once. */
  void free() {
    buffer = null;
    release.run();
  }
}
