package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.block.SharedInput;
import dev.filigree.file.PackedFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** WINA's score above a threshold on layers of any model: Chen et al. 2025. */
class WinaThresholdIT {
  private static final PackOptions SPARSE =
      PackOptions.defaults().withMode(PackOptions.Mode.ALWAYS_SPARSE);
  private static final double SPARSITY = 0.4;
  private static final int IN = 32;
  private static final int ROWS = 50;

  /** Three projections of one input; whether they say so is up to the subclass. */
  static class Projections extends AbstractBlock {
    @ActivationSparse(sparsity = SPARSITY, method = ActivationMethod.WINA_THRESHOLD)
    private final Linear q = addChildBlock("q", Linear.builder().setUnits(48).build());

    @ActivationSparse(sparsity = SPARSITY, method = ActivationMethod.WINA_THRESHOLD)
    private final Linear k = addChildBlock("k", Linear.builder().setUnits(16).build());

    @ActivationSparse(sparsity = SPARSITY, method = ActivationMethod.WINA_THRESHOLD)
    private final Linear v = addChildBlock("v", Linear.builder().setUnits(24).build());

    final List<Linear> layers() {
      return List.of(q, k, v);
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDList out = new NDList();
      layers().forEach(l -> out.addAll(l.forward(store, inputs, training)));
      return new NDList(out.get(0).concat(out.get(1), -1).concat(out.get(2), -1));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return new Shape[] {new Shape(inputs[0].get(0), 88)};
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
      layers().forEach(b -> b.initialize(manager, type, shapes));
    }
  }

  /** Answered whole, as three arrays. */
  static final class Shared extends Projections implements SharedInput {
    @Override
    public List<Block> projections() {
      return List.copyOf(layers());
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDList out = new NDList();
      layers().forEach(l -> out.addAll(l.forward(store, inputs, training)));
      return out;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return layers().stream().map(b -> b.getOutputShapes(inputs)[0]).toArray(Shape[]::new);
    }
  }

  /** So that a predictor gives one array. */
  static final class Joined extends AbstractBlock {
    private final Shared shared = addChildBlock("shared", new Shared());

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDList out = shared.forward(store, inputs, training);
      return new NDList(out.get(0).concat(out.get(1), -1).concat(out.get(2), -1));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return new Shape[] {new Shape(inputs[0].get(0), 88)};
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
      shared.initialize(manager, type, shapes);
    }
  }

  private static float[] weight(Linear layer) {
    return layer.getParameters().get("weight").getArray().toFloatArray();
  }

  /** Inputs of very different size, as those of language models are. */
  private static float[] rows(int count, long seed) {
    float[] x = Models.gaussian(count * IN, seed);
    for (int i = 0; i < x.length; i++) {
      x[i] *= (float) Math.exp(Math.sin(i % IN));
    }
    return x;
  }

  private static void calibrate(Model model, float[] x) {
    try (NDManager manager = model.getNDManager().newSubManager()) {
      Filigree.calibrate(
          model,
          List.of(
              new NDList(manager.create(Arrays.copyOf(x, 20 * IN), new Shape(20, IN))),
              new NDList(
                  manager.create(
                      Arrays.copyOfRange(x, 20 * IN, ROWS * IN), new Shape(ROWS - 20, IN)))));
    }
  }

  private static double[] norms(List<Linear> layers) {
    double[] squares = new double[IN];
    for (Linear layer : layers) {
      float[] w = weight(layer);
      for (int i = 0; i < w.length; i++) {
        squares[i % IN] += (double) w[i] * w[i];
      }
    }
    return Arrays.stream(squares).map(Math::sqrt).toArray();
  }

  /**
   * The definition: y = W (x * m) + b, m the inputs whose |x_i| c_i is above the score of rank
   * ceil(n s) of all n in calibration.
   */
  private static double[] expected(Linear layer, double[] c, float[] calibration, float[] x) {
    double[] scores =
        IntStream.range(0, calibration.length)
            .mapToDouble(i -> Math.abs(calibration[i]) * c[i % IN])
            .sorted()
            .toArray();
    double t = scores[(int) Math.ceil(scores.length * SPARSITY) - 1];
    float[] w = weight(layer);
    float[] bias = layer.getParameters().get("bias").getArray().toFloatArray();
    double[] y = new double[bias.length];
    for (int r = 0; r < y.length; r++) {
      y[r] = bias[r];
      for (int i = 0; i < IN; i++) {
        // Scores that are equal but for rounding were not drawn.
        y[r] += Math.abs(x[i]) * c[i] > t * (1 + 1e-6) ? (double) w[r * IN + i] * x[i] : 0;
      }
    }
    return y;
  }

  private static void isTheDefinition(
      Model model, List<Linear> layers, List<double[]> c, float[] calibration, String what) {
    for (int batch : new int[] {1, 3, 9}) {
      float[] x = rows(batch, batch + 100);
      float[] y = Models.predict(model, x, new Shape(batch, IN));
      for (int b = 0; b < batch; b++) {
        int at = b * 88;
        for (int l = 0; l < layers.size(); l++) {
          float[] row = Arrays.copyOfRange(x, b * IN, (b + 1) * IN);
          for (double expected : expected(layers.get(l), c.get(l), calibration, row)) {
            assertThat((double) y[at++])
                .as("%s, row %s", what, b)
                .isCloseTo(expected, within(1e-4));
          }
        }
      }
    }
  }

  @Test
  void layersAloneAreWeighedByTheirOwnColumns(@TempDir Path folder) {
    long seed = new Random().nextInt(1_000_000);
    Projections block = new Projections();
    try (Model model = Models.initialised(block, new Shape(1, IN), seed)) {
      assertThat(Models.layer(Filigree.pack(model, SPARSE), "q").reason())
          .isEqualTo("activation threshold not calibrated");
      float[] calibration = rows(ROWS, seed + 1);
      calibrate(model, calibration);
      List<double[]> c = block.layers().stream().map(l -> norms(List.of(l))).toList();
      String what = "seed " + seed;
      isTheDefinition(model, block.layers(), c, calibration, what);
      for (LayerSummary l : Filigree.pack(model, SPARSE).layers()) {
        assertThat(l.format()).isEqualTo("columns");
        assertThat(l.plan()).isEqualTo("wina-threshold " + SPARSITY);
      }
      isTheDefinition(model, block.layers(), c, calibration, what + ", packed");
      float[] x = rows(1, 5);
      float[] y = Models.predict(model, x, new Shape(1, IN));
      Path file = folder.resolve("wina.safetensors");
      Filigree.save(model, file);
      try (Model other = Model.newInstance("loaded")) {
        other.setBlock(new Projections());
        Filigree.load(other, file);
        BindingIT.close(Models.predict(other, x, new Shape(1, IN)), y);
        assertThat(Models.layer(Filigree.summary(other), "k").activationSparsity())
            .isEqualTo(realised(norms(List.of(block.layers().get(1))), calibration, x));
      }
    }
  }

  private static double realised(double[] c, float[] calibration, float[] x) {
    double t =
        IntStream.range(0, calibration.length)
            .mapToDouble(i -> Math.abs(calibration[i]) * c[i % IN])
            .sorted()
            .toArray()[(int) Math.ceil(calibration.length * SPARSITY) - 1];
    long skipped = IntStream.range(0, IN).filter(i -> Math.abs(x[i]) * c[i] <= t).count();
    return 1 - (IN - skipped) / (double) IN;
  }

  @Test
  void layersThatShareTheirInputMakeOneChoiceByAllColumns(@TempDir Path folder) {
    long seed = new Random().nextInt(1_000_000);
    Joined block = new Joined();
    List<Linear> layers = block.shared.layers();
    try (Model model = Models.initialised(block, new Shape(1, IN), seed)) {
      float[] calibration = rows(ROWS, seed + 1);
      calibrate(model, calibration);
      double[] all = norms(layers);
      List<double[]> c = List.of(all, all, all);
      String what = "seed " + seed;
      isTheDefinition(model, layers, c, calibration, what);
      for (LayerSummary l : Filigree.pack(model, SPARSE).layers()) {
        assertThat(l.format()).isEqualTo("fused columns");
      }
      isTheDefinition(model, layers, c, calibration, what + ", fused");
      Path file = folder.resolve("shared.safetensors");
      Filigree.save(model, file);
      Joined same = new Joined();
      try (Model other = Model.newInstance("loaded")) {
        other.setBlock(same);
        Filigree.load(other, file);
        isTheDefinition(other, layers, c, calibration, what + ", loaded");
      }
    }
  }

  @Test
  void filesWithThresholdsOfOtherInputsAreRefused(@TempDir Path folder) {
    try (Model model = Models.initialised(new Projections(), new Shape(1, IN), 7)) {
      calibrate(model, rows(ROWS, 8));
      Path file = folder.resolve("right.safetensors");
      Filigree.save(model, file);
      PackedFile read = PackedFile.open(file);
      Map<String, String> metadata = new LinkedHashMap<>(read.metadata());
      metadata.merge("threshold.k", "1.0", (own, more) -> own + "," + more);
      Path bad = folder.resolve("bad.safetensors");
      PackedFile.write(bad, read.entries(), metadata);
      try (Model other = Model.newInstance("other")) {
        other.setBlock(new Projections());
        assertThatThrownBy(() -> Filigree.load(other, bad))
            .hasMessageContaining("FIL-0415")
            .hasMessageContaining("33 values");
      }
    }
  }
}
