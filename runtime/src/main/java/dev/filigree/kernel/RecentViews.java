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

  /** Both are unreachable but through the table, so they go together. */
  private record Entry<V>(ByteBuffer bytes, int limit, V views) {}

  @SuppressWarnings({"unchecked", "rawtypes"})
  private final WeakReference<Entry<V>>[] slots = new WeakReference[SLOTS];

  /** What was put for that very buffer with that limit, or null. */
  V get(ByteBuffer bytes) {
    WeakReference<Entry<V>> slot = slots[slot(bytes)];
    Entry<V> entry = slot == null ? null : slot.get();
    boolean same = entry != null && entry.bytes == bytes && entry.limit == bytes.limit();
    return same ? entry.views : null;
  }

  /** Replaces what is in the buffer's slot. */
  V put(ByteBuffer bytes, V views) {
    slots[slot(bytes)] = new WeakReference<>(new Entry<>(bytes, bytes.limit(), views));
    return views;
  }

  private static int slot(ByteBuffer bytes) {
    return System.identityHashCode(bytes) & (SLOTS - 1);
  }
}
