package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that is killed while it writes leaves the old file or the new one. */
final class KilledWriterTest {
  private static final int KILLS = 8;
  private static final int BYTES = 1 << 22;

  @TempDir private Path folder;

  @Test
  void theFileIsWholeWheneverTheWriterIsKilled() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Path target = folder.resolve("m.safetensors");
    Writer.write(target, 0);
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    for (int kill = 0; kill < KILLS; kill++) {
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  classPath,
                  Writer.class.getName(),
                  target.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try (BufferedReader reader = process.inputReader()) {
        assertThat(reader.readLine()).isEqualTo("writing");
        Thread.sleep(random.nextInt(120));
      } finally {
        process.destroyForcibly();
      }
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      PackedFile file = PackedFile.open(target);
      String what = "seed " + seed + " kill " + kill;
      assertThat(file.verify().broken()).as(what).isEmpty();
      ByteBuffer data = ((DenseEntry) file.entries().get(0)).tensor().data();
      assertThat(String.valueOf(data.get(BYTES - 1)))
          .as(what)
          .isEqualTo(file.metadata().get("version"))
          .isEqualTo(String.valueOf(data.get(0)));
    }
  }

  /** Replaces a file by other versions of it, for ever. */
  static final class Writer {
    private Writer() {}

    static void write(Path target, int version) {
      byte[] data = new byte[BYTES];
      Arrays.fill(data, (byte) version);
      Tensor t = Tensor.of("t", DType.U8, new long[] {BYTES}, ByteBuffer.wrap(data));
      PackedFile.write(
          target, List.of(new DenseEntry(t)), Map.of("version", String.valueOf(version)));
    }

    @SuppressWarnings("SystemOut") // the parent waits for this line
    public static void main(String[] args) {
      System.out.println("writing");
      for (int version = 1; ; version = version % 100 + 1) {
        write(Path.of(args[0]), version);
      }
    }
  }
}
