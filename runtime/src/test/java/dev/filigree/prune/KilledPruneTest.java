package dev.filigree.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.criterion.OneShotMethod;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.file.DType;
import dev.filigree.file.ModelFiles;
import dev.filigree.file.Progress;
import dev.filigree.file.SafetensorsFile;
import dev.filigree.file.SafetensorsWriter;
import dev.filigree.file.Tensor;
import dev.filigree.file.Verifier;
import dev.filigree.plan.Pattern;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pruned model in several files is there whole or not at all. */
final class KilledPruneTest {
  private static final int KILLS = 12;
  private static final int WIDTH = 256;

  @TempDir private Path folder;

  @Test
  void everyModelThatIsThereIsWhole() throws Exception {
    Path model = model(1f);
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int whole = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      Path target = Files.createDirectory(folder.resolve("k" + kill));
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty(
                      "surefire.test.class.path", System.getProperty("java.class.path")),
                  Run.class.getName(),
                  model.toString(),
                  target.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try (BufferedReader reader = process.inputReader()) {
        assertThat(reader.readLine()).isEqualTo("pruning");
        Thread.sleep(random.nextInt(150));
      } finally {
        process.destroyForcibly();
      }
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      for (int i = 0; Files.exists(target.resolve("p" + i)); i++) {
        Path pruned = target.resolve("p" + i);
        assertThat(Verifier.check(pruned).verification().broken())
            .as("seed %s, kill %s, model %s", seed, kill, i)
            .isEmpty();
        assertThat(ModelFiles.open(pruned).files()).hasSize(2);
        assertThat(pruned.resolve("config.json")).hasContent("{}");
        whole++;
      }
    }
    assertThat(whole).as("seed %s", seed).isPositive();
  }

  @Test
  void whatFailsLeavesNothingAndWhatIsThereStays() throws IOException {
    Path bad = model(Float.NaN);
    Path out = folder.resolve("out");
    assertThatThrownBy(() -> prune(bad, out)).hasMessageContaining("FIL-0630");
    assertThat(out).doesNotExist();
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactly(bad);
    }
    Files.createDirectory(out);
    Files.writeString(out.resolve("mine"), "");
    Path good = model(1f);
    assertThatThrownBy(() -> prune(good, out)).hasMessageContaining("FIL-0403");
    Files.delete(out.resolve("mine"));
    prune(good, out);
    assertThat(Verifier.check(out).verification().broken()).isEmpty();
  }

  private static void prune(Path in, Path out) {
    OneShotPlan plan = OneShotPlan.of(OneShotMethod.MAGNITUDE, new Pattern.NM(2, 4), 0);
    FilePruning.run(in, Optional.empty(), out, PruneOptions.of(plan), Progress.SILENT);
  }

  /** Two files; the last weight of the second is given. */
  private Path model(float last) throws IOException {
    Path model = Files.createDirectories(folder.resolve("model"));
    SafetensorsWriter.write(model.resolve("m-1.safetensors"), List.of(matrix("a", 1)), Map.of());
    SafetensorsWriter.write(model.resolve("m-2.safetensors"), List.of(matrix("b", last)), Map.of());
    Files.writeString(
        model.resolve(ModelFiles.INDEX),
        "{\"weight_map\":{\"a\":\"m-1.safetensors\",\"b\":\"m-2.safetensors\"}}");
    Files.writeString(model.resolve("config.json"), "{}");
    assertThat(SafetensorsFile.open(model.resolve("m-2.safetensors")).tensors()).hasSize(1);
    return model;
  }

  private static Tensor matrix(String name, float last) {
    int n = WIDTH * WIDTH;
    ByteBuffer data = ByteBuffer.allocate(4 * n).order(ByteOrder.LITTLE_ENDIAN);
    Random random = new Random(2);
    for (int i = 0; i < n; i++) {
      data.putFloat(4 * i, i + 1 < n ? random.nextFloat() + 1 : last);
    }
    return Tensor.of(name, DType.F32, new long[] {WIDTH, WIDTH}, data);
  }

  /** Prunes to one folder after another, for ever. */
  static final class Run {
    private Run() {}

    @SuppressWarnings("SystemOut") // the parent waits for this line
    public static void main(String[] args) {
      for (int i = 0; ; i++) {
        prune(Path.of(args[0]), Path.of(args[1]).resolve("p" + i));
        if (i == 0) {
          System.out.println("pruning");
        }
      }
    }
  }
}
