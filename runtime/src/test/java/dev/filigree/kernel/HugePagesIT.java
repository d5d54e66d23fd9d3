package dev.filigree.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** From the packaged jar: large packed memory is advised to lie in huge pages on JDK 25. */
class HugePagesIT {
  private static final Path MAPS = Path.of("/proc/self/smaps");
  private static final Path SYSTEM = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
  private static final int LARGE = (48 << 20) + 4160;
  private static final int SMALL = 1 << 20;
  private static final int HUGE_PAGE = 2 << 20;

  @Test
  void largeMemoryIsAdvisedZeroedAndGivenBack() throws IOException {
    boolean expected = isExpected();
    long before = advisedBytes();
    List<ByteBuffer> made = new ArrayList<>();
    OwnedMemory owner =
        OwnedMemory.collect(
            () -> {
              made.add(AlignedMemory.allocate(LARGE));
              made.add(AlignedMemory.allocate(SMALL));
              return OwnedMemory.current();
            });
    ByteBuffer large = made.get(0);
    assertThat(large.capacity()).isEqualTo(LARGE);
    assertThat(AlignedMemory.isAligned(large)).isTrue();
    assertThat(AlignedMemory.isAligned(made.get(1))).isTrue();
    for (int i = 0; i + 8 <= LARGE; i += 8) {
      assertThat(large.getLong(i) == 0).as("byte %d", i).isTrue();
    }
    large.putLong(LARGE - 8, 42);
    assertThat(large.getLong(LARGE - 8)).isEqualTo(42);
    if (expected) {
      assertThat(large.alignmentOffset(0, HUGE_PAGE)).isZero();
      assertThat(advisedBytes() - before).isBetween((long) LARGE, (long) LARGE + 4096);
    } else {
      assertThat(advisedBytes()).isEqualTo(before);
    }
    owner.free();
    assertThat(advisedBytes()).isEqualTo(before);
  }

  private static boolean isExpected() throws IOException {
    boolean overlay = Integer.getInteger("filigree.test.expectJdk", 0) >= 25;
    boolean offered = Files.exists(SYSTEM) && !Files.readString(SYSTEM).contains("[never]");
    if (overlay && !offered) {
      System.err.println("SKIPPED in part: this system has no transparent huge pages");
    }
    return overlay && offered;
  }

  /** Bytes of the mappings of this process that are advised to have huge pages. */
  private static long advisedBytes() throws IOException {
    if (!Files.exists(MAPS)) {
      return 0;
    }
    long sum = 0;
    long size = 0;
    for (String line : Files.readAllLines(MAPS)) {
      if (line.startsWith("Size:")) {
        size = 1024 * Long.parseLong(line.replaceAll("\\D", ""));
      } else if (line.startsWith("VmFlags:") && (line + " ").contains(" hg ")) {
        sum += size;
      }
    }
    return sum;
  }
}
