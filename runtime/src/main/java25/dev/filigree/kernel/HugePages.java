package dev.filigree.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.filigree.plan.Setting;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * Memory in transparent huge pages of Linux: with pages of 4 KiB, reading only some stored rows of
 * weights needs an address translation for every few of them.
 *
 * <p>Only where native access is enabled for this library, because the JVM would print a warning
 * otherwise, and where the setting {@code hugepages} and the system allow it.
 */
@SuppressWarnings("restricted") // used only where native access is enabled
final class HugePages {
  private static final System.Logger LOG = System.getLogger("dev.filigree.kernel");
  private static final long PAGE = 2L << 20;

  /** Below this a mapping of its own costs more than it brings. */
  private static final long SMALLEST = PAGE;

  private static final Path SYSTEM = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
  private static final int READ_WRITE = 3;
  private static final int PRIVATE_ANONYMOUS = 0x22;
  private static final int ADVISE_HUGE = 14;

  private static final Optional<HugePages> INSTANCE = find();

  private final MethodHandle map;
  private final MethodHandle advise;
  private final MethodHandle unmap;

  private HugePages(Linker linker, SymbolLookup lookup) {
    map =
        linker.downcallHandle(
            lookup.findOrThrow("mmap"),
            FunctionDescriptor.of(
                ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    advise =
        linker.downcallHandle(
            lookup.findOrThrow("madvise"),
            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    unmap =
        linker.downcallHandle(
            lookup.findOrThrow("munmap"), FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));
  }

  /** Whether large memory comes in huge pages here. */
  static boolean isUsed() {
    return INSTANCE.isPresent();
  }

  /**
   * Zeroed memory that is given back with the arena; empty where it is small, or where the system
   * has none of this kind.
   */
  static Optional<MemorySegment> allocate(long bytes, Arena arena) {
    return bytes < SMALLEST ? Optional.empty() : INSTANCE.flatMap(p -> p.mapped(bytes, arena));
  }

  private static Optional<HugePages> find() {
    if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).equals("linux")
        || !HugePages.class.getModule().isNativeAccessEnabled()
        || Setting.HUGEPAGES.get().equals("off")
        || !isOffered()) {
      return Optional.empty();
    }
    Linker linker = Linker.nativeLinker();
    return Optional.of(new HugePages(linker, linker.defaultLookup()));
  }

  /** What a system without huge pages says is the chosen word {@code [never]}, or nothing. */
  private static boolean isOffered() {
    try {
      return Files.isReadable(SYSTEM) && !Files.readString(SYSTEM).contains("[never]");
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "No word about huge pages", e);
      return false;
    }
  }

  /** One page more than is needed is mapped, and what lies outside of whole huge pages given up. */
  private Optional<MemorySegment> mapped(long bytes, Arena arena) {
    long whole = Math.addExact(bytes, PAGE);
    try {
      MemorySegment got =
          (MemorySegment)
              map.invokeExact(MemorySegment.NULL, whole, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
      if (got.address() == -1) {
        return Optional.empty(); // the caller then allocates as usual, and says what is wrong
      }
      long start = (got.address() + PAGE - 1) / PAGE * PAGE;
      long advised = (int) advise.invokeExact(MemorySegment.ofAddress(start), bytes, ADVISE_HUGE);
      if (advised != 0) {
        LOG.log(System.Logger.Level.DEBUG, "Huge pages were not advised");
      }
      return Optional.of(
          MemorySegment.ofAddress(start).reinterpret(bytes, arena, s -> release(got, whole)));
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a call of the system threw", e);
    }
  }

  private void release(MemorySegment all, long bytes) {
    try {
      int failed = (int) unmap.invokeExact(all, bytes);
      if (failed != 0) {
        LOG.log(System.Logger.Level.WARNING, "Memory of {0} bytes is not given back", bytes);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a call of the system threw", e);
    }
  }
}
