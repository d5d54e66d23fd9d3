package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;

/**
 * The typed views of a buffer that kernels read through; the version for JDKs before 25. A thread
 * keeps those of the buffers it saw last, so that a product with them allocates nothing; it does
 * not keep the buffers themselves alive.
 */
final class Views {
  private static final ThreadLocal<RecentViews<Views>> RECENT =
      ThreadLocal.withInitial(RecentViews::new);

  private final FloatBuffer floats;
  private final IntBuffer ints;
  private final ShortBuffer shorts;

  private Views(ByteBuffer bytes) {
    floats = bytes.asFloatBuffer();
    ints = bytes.asIntBuffer();
    shorts = bytes.asShortBuffer();
  }

  private static Views of(ByteBuffer bytes) {
    RecentViews<Views> recent = RECENT.get();
    Views views = recent.get(bytes);
    return views == null ? recent.put(bytes, new Views(bytes)) : views;
  }

  /** The buffer from position 0 as float32. */
  static FloatBuffer floats(ByteBuffer bytes) {
    return of(bytes).floats;
  }

  /** The buffer from position 0 as 32-bit integers. */
  static IntBuffer ints(ByteBuffer bytes) {
    return of(bytes).ints;
  }

  /** The buffer from position 0 as 16-bit integers. */
  static ShortBuffer shorts(ByteBuffer bytes) {
    return of(bytes).shorts;
  }
}
