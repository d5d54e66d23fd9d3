package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * The off-heap arrays of one owner, freed together. Whatever {@link AlignedMemory} allocates on a
 * thread inside {@link #collect} belongs to that owner, so that packers need not be told.
 *
 * <p>On JDK 25 the memory is given back at once; on older JDKs the owner only lets go of it, and
 * the garbage collector frees it. Either way memory whose owner is forgotten is freed when no view
 * of it is left.
 */
public final class OwnedMemory {
  private static final ThreadLocal<OwnedMemory> CURRENT = new ThreadLocal<>();

  private final List<FreeableMemory> arrays = new ArrayList<>();

  /** The owner of what this thread allocates now, or null where that has none. */
  public static OwnedMemory current() {
    return CURRENT.get();
  }

  /** Whether freed memory is given back at once, and not by the next garbage collection. */
  public static boolean isFreedAtOnce() {
    return FreeableMemory.isFreedAtOnce();
  }

  /**
   * The bytes of all owners that are allocated and not freed; 0 where {@link #isFreedAtOnce} is
   * not, because such memory is counted with the direct buffers of the JVM.
   */
  public static long held() {
    return FreeableMemory.held();
  }

  /**
   * Does work whose result lives in memory of a new owner, which the work finds in {@link
   * #current}. The work allocates nothing that is to outlive its result. Nothing stays allocated
   * where it fails.
   */
  public static <T> T collect(Supplier<T> work) {
    OwnedMemory before = CURRENT.get();
    OwnedMemory own = new OwnedMemory();
    CURRENT.set(own);
    try {
      return work.get();
    } catch (Throwable e) {
      own.free();
      throw e;
    } finally {
      if (before == null) {
        CURRENT.remove();
      } else {
        CURRENT.set(before);
      }
    }
  }

  synchronized ByteBuffer allocate(int bytes) {
    FreeableMemory memory = FreeableMemory.allocate(bytes);
    arrays.add(memory);
    return memory.buffer();
  }

  /** Frees everything; reading it afterwards throws {@link IllegalStateException} on JDK 25. */
  public synchronized void free() {
    arrays.forEach(FreeableMemory::free);
    arrays.clear();
  }
}
