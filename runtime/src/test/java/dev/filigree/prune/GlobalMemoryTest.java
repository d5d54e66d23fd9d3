package dev.filigree.prune;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.annotations.Scope;
import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.criterion.Layer;
import dev.filigree.criterion.OneShot;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.criterion.Pruned;
import dev.filigree.file.DType;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.Progress;
import dev.filigree.file.SafetensorsFile;
import dev.filigree.file.SafetensorsWriter;
import dev.filigree.file.Tensor;
import dev.filigree.plan.Pattern;
import java.io.BufferedReader;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Counting over all tensors of a file takes the memory of one of them. */
final class GlobalMemoryTest {
  private static final int WIDTH = 1024;
  private static final int TENSORS = 16;
  private static final OneShotPlan PLAN =
      OneShotPlan.of(OneShotMethod.WANDA, new Pattern.Unstructured(), 0.37).withScope(Scope.GLOBAL);

  @TempDir private Path folder;

  @Test
  void oneTensorAtATimeGivesTheMasksOfAllAtOnce() throws Exception {
    Path in = folder.resolve("w.safetensors");
    Path inputs = folder.resolve("x.safetensors");
    Path out = folder.resolve("o.safetensors");
    List<Tensor> weights = new ArrayList<>();
    List<Tensor> seen = new ArrayList<>();
    List<Layer> layers = new ArrayList<>();
    Random random = new Random(8);
    for (int t = TENSORS - 1; t >= 0; t--) {
      // Few different weights and inputs of one size: many scores are equal.
      FloatBuffer w = FloatBuffer.allocate(WIDTH * WIDTH);
      while (w.hasRemaining()) {
        w.put(random.nextInt(-500, 500));
      }
      FloatBuffer x = FloatBuffer.allocate(2 * WIDTH);
      while (x.hasRemaining()) {
        x.put(random.nextBoolean() ? 1 : -1);
      }
      String name = "layer." + t;
      weights.add(tensor(name, WIDTH, w.flip()));
      seen.add(tensor(name, 2, x.flip()));
      LayerStatistics statistics = new LayerStatistics(name, WIDTH, LayerStatistics.Contents.SUMS);
      statistics.add(x);
      layers.add(Layer.of(name, WIDTH, WIDTH, w).with(statistics));
    }
    SafetensorsWriter.write(in, weights, Map.of());
    SafetensorsWriter.write(inputs, seen, Map.of());
    // All weights and their scores would be 192 MB.
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx72m",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Run.class.getName(),
                in.toString(),
                inputs.toString(),
                out.toString())
            .redirectErrorStream(true)
            .start();
    String output;
    try (BufferedReader reader = process.inputReader()) {
      output = String.join("\n", reader.lines().toList());
    }
    assertThat(process.waitFor()).as(output).isZero();
    SafetensorsFile written = SafetensorsFile.open(out);
    long removed = 0;
    for (Pruned expected : new OneShot(PLAN).pruneAll(layers)) {
      FloatBuffer got = FloatBuffer.allocate(WIDTH * WIDTH);
      FloatTensor.of(written.tensor(expected.name()).orElseThrow()).read(0, got);
      assertThat(got.rewind()).as(expected.name()).isEqualTo(expected.weights());
      removed += expected.mask().rows() * (long) WIDTH - expected.mask().keptCount();
    }
    assertThat(removed).isEqualTo(6_207_569); // floor(16 * 1024^2 * 0.37)
  }

  private static Tensor tensor(String name, int rows, FloatBuffer values) {
    return Tensor.of(
        name,
        DType.F32,
        new long[] {rows, WIDTH},
        FloatTensor.encode(name, DType.F32, values.duplicate()));
  }

  /** Prunes in a JVM of its own. */
  static final class Run {
    private Run() {}

    public static void main(String[] args) {
      PruneOptions all = PruneOptions.of(PLAN);
      FilePruning.run(
          Path.of(args[0]),
          Optional.of(Path.of(args[1])),
          Path.of(args[2]),
          new PruneOptions(
              all.plans(),
              all.allocation(),
              all.include(),
              all.exclude(),
              all.skipIndivisible(),
              /* reconstruction= */ true),
          Progress.SILENT);
    }
  }
}
