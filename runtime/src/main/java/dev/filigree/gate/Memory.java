package dev.filigree.gate;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What this process may still allocate, in bytes. */
public final class Memory {
  private static final Path LINUX = Path.of("/proc/meminfo");
  private static final String AVAILABLE = "MemAvailable:";

  private Memory() {}

  /** Left on the Java heap. */
  public static long heap() {
    Runtime runtime = Runtime.getRuntime();
    return runtime.maxMemory() - runtime.totalMemory() + runtime.freeMemory();
  }

  /**
   * Left for direct buffers: -XX:MaxDirectMemorySize, or as much as the heap where it is not set.
   */
  public static long direct() {
    HotSpotDiagnosticMXBean vm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    long set = Long.parseLong(vm.getVMOption("MaxDirectMemorySize").getValue());
    long used =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum();
    return (set == 0 ? Runtime.getRuntime().maxMemory() : set) - used;
  }

  /** Left on the machine, or in the container, without swapping. */
  public static long machine() {
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    // Free memory leaves out what the system only caches; Linux says what it would give.
    return Files.isReadable(LINUX)
        ? Math.min(system.getTotalMemorySize(), linux())
        : system.getFreeMemorySize();
  }

  private static long linux() {
    List<String> lines;
    try {
      lines = Files.readAllLines(LINUX);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return lines.stream()
        .filter(line -> line.startsWith(AVAILABLE))
        .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElse(Long.MAX_VALUE);
  }
}
