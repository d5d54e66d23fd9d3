package dev.filigree.decoder;

import com.sun.management.ThreadMXBean;
import dev.filigree.plan.FiligreeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever a file of others holds, it is read, or refused with one message of the catalogue: no
 * other exception, no error of the JVM, no memory or time out of proportion.
 *
 * <p>For a second or two each kind of file is changed at random; {@code -Dfiligree.fuzz.seconds=60}
 * looks longer, {@code -Dfiligree.fuzz.seed=N} repeats a run. What fails is written to {@code
 * target/fuzz}; once it is understood it goes to {@code src/test/resources/.../fuzz}, whose files
 * are always read.
 */
final class LoaderFuzzTest {
  private static final Path KEPT = Path.of("src/test/resources/dev/filigree/decoder/fuzz");
  private static final Path FOUND = Path.of("target/fuzz");
  private static final double SECONDS =
      Double.parseDouble(System.getProperty("filigree.fuzz.seconds", "1.5"));

  /** A build reads the same files every time; a search gives another seed. */
  private static final long BUILD_SEED = 20261126;

  private static final int MOST_RUNS =
      System.getProperty("filigree.fuzz.seconds") == null ? 300 : Integer.MAX_VALUE;

  private static final long MOST_BYTES = 200L << 20;
  private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(10);
  // Words of the language or of a library in place of a reason.
  private static final Pattern UNREADABLE =
      Pattern.compile(
          "(?:used|ids|file|model|header): null\\b|\\bjava\\.|\\bcom\\.|Cannot invoke|cannot be cast|https?://|"
              + "JsonReader|BEGIN_|out of bounds|Exception\\b");

  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource
  void everyRightFileIsRead(LoaderTarget target) throws IOException {
    for (byte[] right : target.right(folder)) {
      target.read(right, folder);
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatWasFoundOnceStaysMended(LoaderTarget target) throws IOException {
    Path kept = KEPT.resolve(name(target));
    if (!Files.isDirectory(kept)) {
      return;
    }
    List<Path> files;
    try (Stream<Path> all = Files.list(kept)) {
      files = all.sorted().toList();
    }
    Map<String, String> failures = new LinkedHashMap<>();
    for (Path file : files) {
      failure(target, Files.readAllBytes(file)).ifPresent(f -> failures.put(file.toString(), f));
    }
    Assertions.assertEquals(Map.of(), failures);
  }

  @ParameterizedTest
  @EnumSource
  void whateverItHoldsItIsReadOrRefused(LoaderTarget target) throws IOException {
    long seed = Long.getLong("filigree.fuzz.seed", BUILD_SEED);
    List<byte[]> right = target.right(folder);
    // One message per kind of failure, the smallest file of each.
    Map<String, byte[]> failures = new LinkedHashMap<>();
    Path last = Files.createDirectories(FOUND).resolve(name(target) + ".last");
    long end = System.nanoTime() + (long) (SECONDS * 1e9);
    int runs = 0;
    for (; System.nanoTime() < end && runs < MOST_RUNS; runs++) {
      Random random = new Random(seed + runs);
      byte[] data = target.mutated(new Mutator(random), right.get(random.nextInt(right.size())));
      // Where the JVM itself ends, this file says why.
      Files.write(last, data);
      failure(target, data)
          .ifPresent(f -> failures.merge(f, data, (a, b) -> a.length <= b.length ? a : b));
    }
    Files.deleteIfExists(last);
    System.out.println(
        "fuzz " + name(target) + ": " + runs + " files, -Dfiligree.fuzz.seed=" + seed);
    List<String> text = new ArrayList<>();
    for (Map.Entry<String, byte[]> f : failures.entrySet()) {
      Path file = FOUND.resolve(name(target)).resolve(Integer.toHexString(f.getKey().hashCode()));
      Files.createDirectories(file.getParent());
      Files.write(file, f.getValue());
      text.add(file + ": " + f.getKey());
    }
    Assertions.assertTrue(text.isEmpty(), "seed " + seed + "\n" + String.join("\n", text));
  }

  private static String name(LoaderTarget target) {
    return target.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** What is wrong about how a file is taken, if anything. */
  private java.util.Optional<String> failure(LoaderTarget target, byte[] data) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long allocated = threads.getCurrentThreadAllocatedBytes();
    long direct = directBytes();
    long start = System.nanoTime();
    String wrong = null;
    try {
      target.read(data, folder);
    } catch (FiligreeException e) {
      wrong = wrongMessage(e.getMessage());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (Throwable e) {
      StackTraceElement[] trace = e.getStackTrace();
      String at = "";
      for (StackTraceElement frame : trace) {
        if (frame.getClassName().startsWith("dev.filigree")) {
          at = " at " + frame.getFileName() + ":" + frame.getLineNumber();
          break;
        }
      }
      wrong = e.getClass().getName() + at;
    }
    long bytes = threads.getCurrentThreadAllocatedBytes() - allocated;
    if (wrong == null && Math.max(bytes, directBytes() - direct) > MOST_BYTES) {
      wrong = "more than " + MOST_BYTES + " bytes were allocated";
    }
    if (wrong == null && System.nanoTime() - start > MOST_NANOS) {
      wrong = "it took more than " + MOST_NANOS + " ns";
    }
    return java.util.Optional.ofNullable(wrong);
  }

  private static String wrongMessage(String message) {
    if (!message.matches("(?s)FIL-\\d{4}: .+")) {
      return "no tag: " + message;
    }
    var found = UNREADABLE.matcher(message);
    return found.find()
        ? message.substring(0, 9)
            + "unreadable: ..."
            + message
                .substring(
                    Math.max(0, found.start() - 30), Math.min(message.length(), found.end() + 40))
                .replaceAll("\\d+", "N")
                .replace('\n', ' ')
        : null;
  }

  private static long directBytes() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(p -> p.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }
}
