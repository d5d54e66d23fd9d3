package dev.filigree.pack;

import dev.filigree.kernel.OwnedMemory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Arrays that may be closed while threads use them: the uses are counted, and whoever ends last,
 * the closer or a user, frees the memory.
 *
 * @param <A> the arrays
 */
final class Lifetime<A> {
  private static final int CLOSED = Integer.MIN_VALUE;

  /** How many use the arrays now, with the highest bit set once they are closed. */
  private final AtomicInteger uses = new AtomicInteger();

  private final OwnedMemory memory;
  private A arrays;

  /**
   * @param memory what is freed, or null where nothing is
   */
  Lifetime(A arrays, OwnedMemory memory) {
    this.arrays = arrays;
    this.memory = memory;
  }

  /** The arrays, which stay until {@link #release}; null once they are closed. */
  A acquire() {
    for (int n = uses.get(); n >= 0; n = uses.get()) {
      if (uses.compareAndSet(n, n + 1)) {
        return arrays;
      }
    }
    return null;
  }

  /** Ends a use. */
  void release() {
    if (uses.decrementAndGet() == CLOSED) {
      free();
    }
  }

  /** No use begins any more; the arrays are freed when none goes on. */
  void close() {
    if (uses.getAndUpdate(n -> n | CLOSED) == 0) {
      free();
    }
  }

  boolean isClosed() {
    return uses.get() < 0;
  }

  private void free() {
    arrays = null;
    if (memory != null) {
      memory.free();
    }
  }
}
