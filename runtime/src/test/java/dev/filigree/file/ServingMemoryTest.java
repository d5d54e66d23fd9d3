package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.pack.Part;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A served file is in memory once: mapped, not copied. Measured in a process of its own. */
final class ServingMemoryTest {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final int ROWS = 4096;
  private static final int COLS = 8192;
  private static final long MIB = 1 << 20;

  @TempDir private Path folder;

  @Test
  @SuppressWarnings("SystemOut") // the figures are the point
  void servingKeepsOneCopy() throws Exception {
    assumeTrue(Files.exists(STATUS), "only Linux says how much memory is resident");
    Path dense = folder.resolve("dense.safetensors");
    Path packed = folder.resolve("packed.safetensors");
    Random random = new Random(1);
    ByteBuffer data = ByteBuffer.allocate(4 * ROWS * COLS).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < ROWS * COLS; i++) {
      if (random.nextBoolean()) {
        data.putFloat(4 * i, random.nextFloat());
      }
    }
    SafetensorsWriter.write(
        dense,
        List.of(
            Tensor.of("a", DType.F32, new long[] {ROWS, COLS}, data),
            Tensor.of("b", DType.F32, new long[] {COLS, ROWS}, data)),
        Map.of());
    Packing.pack(dense, packed, false, Progress.SILENT);
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Server.class.getName(),
                packed.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    List<String> lines;
    try (BufferedReader reader = process.inputReader()) {
      lines = reader.lines().toList();
    }
    assertThat(process.waitFor()).isZero();
    long before = Long.parseLong(lines.get(0));
    long resident = Long.parseLong(lines.get(1));
    long bytes = Files.size(packed);
    System.out.printf(
        "Serving %d MiB packed: %d MiB resident, %d MiB of it before the file was opened; the limit"
            + " is %d MiB%n",
        bytes / MIB, resident / MIB, before / MIB, (long) (1.1 * bytes) / MIB + 300);
    assertThat(resident).isLessThan((long) (1.1 * bytes) + 300 * MIB);
    // All of the file was touched, and a copy would be as much again.
    assertThat(resident - before).isBetween((long) (0.9 * bytes), bytes + 100 * MIB);
  }

  /** Opens a packed file, multiplies with every matrix, and says how much is resident. */
  static final class Server {
    private Server() {}

    @SuppressWarnings("SystemOut") // the parent reads it
    public static void main(String[] args) throws IOException {
      System.out.println(resident());
      List<PackedMatrix> matrices = new ArrayList<>();
      for (Entry entry : PackedFile.open(Path.of(args[0])).entries()) {
        PackedEntry e = (PackedEntry) entry;
        Map<String, Part> parts = new HashMap<>();
        e.parts().forEach(p -> parts.put(p.suffix(), p));
        matrices.add(
            PackedMatrices.fromParts(
                e.descriptor().format(), e.descriptor().rows(), e.descriptor().cols(), parts));
      }
      for (PackedMatrix m : matrices) {
        m.multiply(direct(m.cols()), 1, null, direct(m.rows()));
      }
      System.out.println(resident());
    }

    private static ByteBuffer direct(int floats) {
      return ByteBuffer.allocateDirect(4 * floats).order(ByteOrder.nativeOrder());
    }

    private static long resident() throws IOException {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith("VmRSS:")) {
          return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
        }
      }
      throw new IOException("no VmRSS in " + STATUS);
    }
  }
}
