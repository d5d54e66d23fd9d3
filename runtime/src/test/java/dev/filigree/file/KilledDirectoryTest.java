package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that is killed while it writes packed directories leaves whole ones only. */
final class KilledDirectoryTest {
  private static final int KILLS = 5;
  private static final int BYTES = 1 << 21;

  @TempDir private Path folder;

  @Test
  void everyDirectoryThatIsThereIsWhole() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    int whole = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      Path target = Files.createDirectory(folder.resolve("k" + kill));
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
        Thread.sleep(random.nextInt(150));
      } finally {
        process.destroyForcibly();
      }
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      for (int i = 0; Files.exists(target.resolve("p" + i)); i++) {
        assertThat(PackedDirectory.open(target.resolve("p" + i)).verify().broken())
            .as("seed %s, kill %s, directory %s", seed, kill, i)
            .isEmpty();
        whole++;
      }
    }
    assertThat(whole).as("seed %s", seed).isPositive();
  }

  /** Writes one directory after another, for ever. */
  static final class Writer {
    private Writer() {}

    @SuppressWarnings("SystemOut") // the parent waits for this line
    public static void main(String[] args) {
      Tensor t = Tensor.of("t", DType.U8, new long[] {BYTES}, ByteBuffer.wrap(new byte[BYTES]));
      for (int i = 0; ; i++) {
        PackedDirectory.write(
            Path.of(args[0]).resolve("p" + i),
            new PackedDirectory.Contents(
                List.of(new DenseEntry(t)),
                Map.of(),
                Receipt.empty(),
                Map.of("config.json", new byte[1000], "tokenizer.json", new byte[100_000])));
        if (i == 0) {
          System.out.println("writing");
        }
      }
    }
  }
}
