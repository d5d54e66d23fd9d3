package dev.filigree.kernel;

import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;

/**
 * What one thread made of the buffers it saw last, found by their identity: a table with one entry
 * per slot, which the garbage collector may empty at any time.
 *
 * @param <V> what was made of a buffer
 */
final class RecentViews<V> {
  /** Two per packed matrix of a model with 32 blocks of seven layers, and some for activations. */
  private static final int SLOTS = 1024;

  /** Slots a buffer may be in, so that a few with equal hash codes do not drive each other out. */
  private static final int WAYS = 8;

  /** Both are unreachable but through the table, so they go together. */
  private record Entry<V>(ByteBuffer bytes, int limit, V views) {}

  @SuppressWarnings({"unchecked", "rawtypes"})
  private final WeakReference<Entry<V>>[] slots = new WeakReference[SLOTS];

  private int victim;

  /** What was put for that very buffer with that limit, or null. */
  V get(ByteBuffer bytes) {
    int first = first(bytes);
    for (int i = first; i < first + WAYS; i++) {
      WeakReference<Entry<V>> slot = slots[i];
      Entry<V> entry = slot == null ? null : slot.get();
      if (entry != null && entry.bytes == bytes && entry.limit == bytes.limit()) {
        return entry.views;
      }
    }
    return null;
  }

  /** Takes a free slot, or that of another buffer. */
  V put(ByteBuffer bytes, V views) {
    int first = first(bytes);
    int at = first;
    while (at < first + WAYS && slots[at] != null && slots[at].get() != null) {
      at++;
    }
    if (at == first + WAYS) {
      victim = (victim + 1) % WAYS;
      at = first + victim;
    }
    slots[at] = new WeakReference<>(new Entry<>(bytes, bytes.limit(), views));
    return views;
  }

  private static int first(ByteBuffer bytes) {
    return System.identityHashCode(bytes) * WAYS & (SLOTS - 1);
  }
}
