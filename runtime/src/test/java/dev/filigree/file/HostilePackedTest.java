package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.Part;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Packed files whose digest is right and whose content lies: refused, never read out of bounds. */
final class HostilePackedTest {
  private static final int ROWS = 20;
  private static final int COLS = 24;
  private static final Path KEPT = Path.of("src/test/resources/dev/filigree/file/hostile");

  @TempDir private Path folder;
  private int files;

  private static Part part(String suffix, String dtype, ByteBuffer data, long... shape) {
    return new Part(suffix, dtype, shape, data);
  }

  private static ByteBuffer zeros(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
  }

  /** A right entry: outputs 0 and 19 of every input are kept. */
  private static List<Part> parts() {
    ByteBuffer masks = zeros(2 * 2 * COLS);
    for (int k = 0; k < COLS; k++) {
      masks.putShort(2 * k, (short) 1);
      masks.putShort(2 * (COLS + k), (short) 8);
    }
    ByteBuffer starts = zeros(12).putInt(4, COLS).putInt(8, 2 * COLS);
    ByteBuffer values = zeros(4 * (2 * COLS + 16));
    for (int i = 0; i < 2 * COLS; i++) {
      values.putFloat(4 * i, i + 1);
    }
    return new ArrayList<>(
        List.of(
            part("masks", "U16", masks, 2, COLS),
            part("starts", "I32", starts, 3),
            part("values", "F32", values, 2 * COLS + 16)));
  }

  private Path write(String format, int rows, int cols, List<Part> parts) {
    Path path = folder.resolve("h" + files++ + ".safetensors");
    Descriptor descriptor =
        new Descriptor(
            format, rows, cols, DType.F32, "unstructured", 0.5, "0".repeat(64), Map.of());
    PackedFile.write(path, List.of(new PackedEntry("w", descriptor, parts)), Map.of());
    return path;
  }

  private void assertRefused(String reason, String format, int rows, int cols, List<Part> parts) {
    Path path = write(format, rows, cols, parts);
    assertThat(Verifier.check(path).verification().broken()).isNotEmpty();
    Path out = folder.resolve("out.safetensors");
    for (int i = 0; i < 2; i++) {
      boolean inspect = i == 0;
      assertThatThrownBy(
              () -> {
                if (inspect) {
                  Inspection.of(path, Progress.SILENT);
                } else {
                  Packing.unpack(path, out, Progress.SILENT);
                }
              })
          .isInstanceOf(FiligreeException.class)
          .hasMessageContaining(reason);
    }
    assertThat(out).doesNotExist();
  }

  @Test
  void countsThatDisagreeAreRefused() {
    Path right = write("bitmap", ROWS, COLS, parts());
    assertThat(Inspection.of(right, Progress.SILENT).tensors().get(0).sparsity()).isEqualTo(0.9);

    for (int starts : new int[] {0, COLS + 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      List<Part> parts = parts();
      parts.get(1).data().putInt(4, starts);
      assertRefused("starts says " + starts, "bitmap", ROWS, COLS, parts);
      parts = parts();
      parts.get(1).data().putInt(8, starts);
      assertRefused("starts ends with " + starts, "bitmap", ROWS, COLS, parts);
    }
    List<Part> behind = parts();
    behind.get(0).data().putShort(2 * COLS, (short) 0x8000);
    assertRefused("behind the last output", "bitmap", ROWS, COLS, behind);
    List<Part> more = parts();
    more.get(0).data().putShort(0, (short) 3);
    assertRefused("starts says 24 values before strip 1", "bitmap", ROWS, COLS, more);
    List<Part> tail = parts();
    tail.get(2).data().put(4 * 2 * COLS + 3, (byte) 1);
    assertRefused("at the end are not zero", "bitmap", ROWS, COLS, tail);
    for (int count : new int[] {0, 1, 2 * COLS + 15, 2 * COLS + 17}) {
      List<Part> parts = parts();
      parts.set(2, part("values", "F32", zeros(4 * count), count));
      assertRefused("values", "bitmap", ROWS, COLS, parts);
    }
  }

  @Test
  void shapesThatDisagreeAreRefused() {
    assertRefused("masks", "bitmap", Integer.MAX_VALUE, Integer.MAX_VALUE, parts());
    assertRefused("masks", "bitmap", 0, COLS, parts());
    assertRefused("masks", "bitmap", ROWS, 0, parts());
    assertRefused("masks", "bitmap", ROWS + 16, COLS, parts());
    assertRefused("masks", "bitmap", ROWS, COLS + 1, parts());
    List<Part> type = parts();
    type.set(0, part("masks", "I16", zeros(4 * COLS), 2, COLS));
    assertRefused("the part masks is I16", "bitmap", ROWS, COLS, type);
    List<Part> missing = parts();
    missing.remove(1);
    assertRefused("the part starts is missing", "bitmap", ROWS, COLS, missing);
    List<Part> flat = parts();
    flat.set(0, part("masks", "U16", zeros(4 * COLS), 2 * COLS));
    assertRefused("the part masks", "bitmap", ROWS, COLS, flat);
  }

  @Test
  void otherFormatsAllocateNothingTheyOnlyClaim() {
    for (String format : List.of("csr", "sell", "columns", "dense", "none")) {
      assertRefused("FIL-0", format, Integer.MAX_VALUE, Integer.MAX_VALUE, parts());
      assertRefused("FIL-0", format, 1, Integer.MAX_VALUE, parts());
      assertRefused("FIL-0", format, ROWS, COLS, parts());
    }
  }

  /**
   * Packed files, dense ones and kept ones damaged at random. {@code -Dfiligree.fuzz.seconds=600}
   * goes on that long; what goes wrong is kept as a file for {@link #keptFilesAreRefused}.
   */
  @Test
  void anyDamageIsOneMessageAndNothingElse() throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<byte[]> seeds = new ArrayList<>();
    seeds.add(Files.readAllBytes(write("bitmap", ROWS, COLS, parts())));
    for (String format : List.of("csr", "sell", "columns", "dense")) {
      seeds.add(Files.readAllBytes(write(format, ROWS, COLS, real(format))));
    }
    int sound = seeds.size();
    for (Path file : kept()) {
      seeds.add(Files.readAllBytes(file));
    }
    for (byte[] bytes : seeds.subList(1, sound)) {
      assertThat(readable(bytes)).isTrue();
    }
    int refused = 0;
    int rounds = 0;
    long end = System.nanoTime() + 1_000_000_000L * Long.getLong("filigree.fuzz.seconds", 0);
    while (rounds < 600 || System.nanoTime() < end) {
      refused += use(damaged(seeds, random), "seed " + seed + " round " + rounds);
      rounds++;
    }
    assertThat(refused).isGreaterThan(rounds / 4);
  }

  private static byte[] damaged(List<byte[]> seeds, Random random) {
    byte[] bytes = seeds.get(random.nextInt(seeds.size())).clone();
    for (int i = 0; i <= random.nextInt(4) && bytes.length > 0; i++) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) ('0' + random.nextInt(10));
        case 2 -> System.arraycopy(bytes, random.nextInt(at + 1), bytes, at, bytes.length - at);
        default -> bytes[at] = (byte) random.nextInt(256);
      }
    }
    boolean cut = random.nextInt(8) == 0;
    return cut ? Arrays.copyOf(bytes, random.nextInt(bytes.length + 1)) : bytes;
  }

  /** The parts of a real matrix of a format. */
  private static List<Part> real(String format) {
    ByteBuffer dense = ByteBuffer.allocateDirect(4 * ROWS * COLS).order(ByteOrder.nativeOrder());
    for (int i = 0; i < ROWS * COLS; i += 3) {
      dense.putFloat(4 * i, i + 1);
    }
    return PackedMatrices.of(format, dense, ROWS, COLS).parts();
  }

  private boolean readable(byte[] bytes) throws IOException {
    Path path = Files.write(folder.resolve("r" + files++ + ".safetensors"), bytes);
    return Inspection.of(path, Progress.SILENT).tensors().size() == 1;
  }

  private static List<Path> kept() throws IOException {
    try (Stream<Path> list = Files.list(KEPT)) {
      return list.sorted().toList();
    }
  }

  /** Files that once went wrong, and some written for what could go wrong. */
  @Test
  void keptFilesAreRefused() throws IOException {
    List<Path> all = kept();
    assertThat(all).hasSizeGreaterThan(4);
    for (Path file : all) {
      assertThat(use(Files.readAllBytes(file), file.toString())).as(file.toString()).isEqualTo(1);
    }
  }

  /** Everything that reads a file, on these bytes; 1 where something refused them. */
  private int use(byte[] bytes, String what) throws IOException {
    Path path = Files.write(folder.resolve("u" + files++ % 100 + ".safetensors"), bytes);
    int refused = 0;
    for (Runnable reader :
        List.<Runnable>of(
            () -> Inspection.of(path, Progress.SILENT),
            () -> Packing.strip(path, folder.resolve("plain.safetensors"), Progress.SILENT),
            () -> {
              if (!Verifier.check(path).verification().ok()) {
                throw new FiligreeException(Message.FIL_0402, path, "broken");
              }
            })) {
      try {
        reader.run();
      } catch (FiligreeException e) {
        refused = 1;
      } catch (RuntimeException | Error e) {
        Path kept = KEPT.resolve("found-" + Math.abs(Arrays.hashCode(bytes)) + ".safetensors");
        Files.write(kept, bytes);
        throw new AssertionError(what + ", kept as " + kept, e);
      }
    }
    return refused;
  }
}
