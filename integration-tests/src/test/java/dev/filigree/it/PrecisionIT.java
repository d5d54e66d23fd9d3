package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import dev.filigree.annotations.Sparse;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.PackOptions.Mode;
import dev.filigree.djl.PackOptions.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the setting {@code precision} allows, and that it is asked. */
class PrecisionIT {
  private static final String CACHE = "filigree.gate.cache";
  private static final int COLS = 300;
  private static final int ROWS = 130;

  /** Half a unit in the last of 8 binary digits, and twice that for everything in float32. */
  private static final double ROUNDING = 1.0 / 256;

  @TempDir Path folder;

  /** One bound layer with a bias. */
  static final class Net extends Models.Chain {
    @Sparse(sparsity = 0.8)
    private final Linear wide = addChildBlock("wide", Linear.builder().setUnits(ROWS).build());

    @Override
    List<Block> order() {
      return List.of(wide);
    }
  }

  /** Run in a JVM of its own: packs under the settings it was started with. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) {
      try (Model model = Models.initialised(new Net(), new Shape(1, COLS), 1)) {
        Filigree.pack(model, PackOptions.defaults());
        Models.predict(model, Models.gaussian(COLS, 2), new Shape(1, COLS));
        LayerSummary layer = Models.layer(Filigree.summary(model), "wide");
        System.out.println("format " + layer.format() + ", forwards " + layer.packedForwards());
      }
    }
  }

  @AfterEach
  void testsRememberNothing() {
    System.setProperty(CACHE, "off");
  }

  private static PackOptions bf16(Mode mode) {
    return new PackOptions(List.of(1, 16), mode).withPrecision(Precision.BF16);
  }

  @Test
  void packedFormsHaveBfloat16Values() {
    long seed = new Random().nextLong();
    for (Mode mode : List.of(Mode.ALWAYS_SPARSE, Mode.DENSE)) {
      for (int batch : new int[] {1, 3, 40}) {
        Shape shape = new Shape(batch, COLS);
        try (Model model = Models.initialised(new Net(), shape, seed)) {
          Filigree.finish(model);
          float[] input = Models.gaussian(batch * COLS, seed + 1);
          float[] dense = Models.predict(model, input, shape);
          LayerSummary layer = Models.layer(Filigree.pack(model, bf16(mode)), "wide");
          assertThat(layer.format())
              .isEqualTo(mode == Mode.DENSE ? "dense-java-bf16" : "sell-bf16+csr-bf16");
          if (mode == Mode.DENSE) {
            assertThat(layer.packedBytes()).isEqualTo(2L * ROWS * COLS);
          }
          float[] packed = Models.predict(model, input, shape);
          isRounded(packed, dense, model, input, "seed " + seed + ", " + mode + " at " + batch);
          assertThat(packed).isNotEqualTo(dense);
        }
      }
    }
  }

  /** Every output within a rounding of the terms it sums. */
  static void isRounded(float[] actual, float[] expected, Model model, float[] input, String what) {
    float[] w =
        ((Net) model.getBlock()).wide.getParameters().get("weight").getArray().toFloatArray();
    float[] bias =
        ((Net) model.getBlock()).wide.getParameters().get("bias").getArray().toFloatArray();
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      int row = i % ROWS;
      double terms = Math.abs(bias[row]);
      for (int c = 0; c < COLS; c++) {
        terms += Math.abs((double) w[row * COLS + c] * input[i / ROWS * COLS + c]);
      }
      assertThat(Math.abs((double) actual[i] - expected[i]))
          .as("%s, output %d", what, i)
          .isLessThanOrEqualTo(ROUNDING * terms);
    }
  }

  @Test
  void verdictsOfOnePrecisionDoNotServeAnother() throws Exception {
    Path file = folder.resolve("gate.json");
    System.setProperty(CACHE, file.toString());
    PackOptions f32 = new PackOptions(List.of(1), Mode.AUTO).withPrecision(Precision.F32);
    try (Model model = Models.initialised(new Net(), new Shape(1, COLS), 3)) {
      Filigree.pack(model, f32);
      assertThat(Files.readString(file)).contains(", f32, ").doesNotContain(", bf16");
      Filigree.pack(model, f32.withPrecision(Precision.BF16));
      assertThat(Files.readString(file)).contains(", f32, ", ", bf16");
    }
  }

  @Test
  void theAgentTakesIt() throws Exception {
    assertThat(run("gate=always-sparse")).contains("format sell+csr, forwards 1");
    assertThat(run("gate=always-sparse,precision=bf16"))
        .contains("format sell-bf16+csr-bf16, forwards 1");
    assertThat(run("precision=fp16"))
        .contains("FIL-0213: filigree.precision = \"fp16\" is not understood. Legal: f32, bf16.");
  }

  private static String run(String arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-javaagent:" + System.getProperty("filigree.agent") + "=" + arguments);
    command.addAll(
        List.of(
            "-Dfiligree.gate.cache=off",
            "-Dai.djl.offline=true",
            "-DOPT_OUT_TRACKING=true",
            "-Dai.djl.pytorch.num_threads=1",
            "-cp",
            System.getProperty("java.class.path"),
            Program.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).as(out).isTrue();
    return out;
  }
}
