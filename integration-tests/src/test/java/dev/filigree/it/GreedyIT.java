package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.util.PairList;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.annotations.NMSparse;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.ModelSummary;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.block.GatedFeedForward;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.kernel.Activation;
import dev.filigree.plan.ActivationPlan;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.SparsityCount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TEAL with the sparsity of a block shared out among its layers: Liu et al. 2024, algorithm 1. */
class GreedyIT {
  private static final PackOptions SPARSE =
      PackOptions.defaults().withMode(PackOptions.Mode.ALWAYS_SPARSE);
  static final int IN = 24;
  static final int HIDDEN = 40;
  static final int OUT = 16;
  private static final int ROWS = 120;

  /** down(f(gate(x)) * up(x)), f = SiLU. */
  abstract static class Plain extends AbstractBlock {
    Linear child(String name, int units) {
      return addChildBlock(name, Linear.builder().setUnits(units).build());
    }

    abstract List<Linear> layers();

    NDArray f(NDArray g) {
      return g.mul(g.neg().exp().add(1).pow(-1));
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDArray g = layers().get(0).forward(store, inputs, training).head();
      NDArray u = layers().get(1).forward(store, inputs, training).head();
      return layers().get(2).forward(store, new NDList(f(g).mul(u)), training);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return new Shape[] {new Shape(inputs[0].get(0), OUT)};
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
      layers().get(0).initialize(manager, type, shapes[0]);
      layers().get(1).initialize(manager, type, shapes[0]);
      layers().get(2).initialize(manager, type, new Shape(shapes[0].get(0), HIDDEN));
    }
  }

  @ActivationSparse(
      sparsity = 0.5,
      method = ActivationMethod.TEAL_GREEDY,
      gate = "w1",
      up = "w3",
      down = "w2")
  static class Greedy extends Plain {
    private final Linear w1 = child("w1", HIDDEN);
    private final Linear w3 = child("w3", HIDDEN);
    private final Linear w2 = child("w2", OUT);

    @Override
    List<Linear> layers() {
      return List.of(w1, w3, w2);
    }
  }

  /** Says what it is. */
  static class Fused extends Greedy implements GatedFeedForward {
    @Override
    public Block gate() {
      return layers().get(0);
    }

    @Override
    public Block up() {
      return layers().get(1);
    }

    @Override
    public Block down() {
      return layers().get(2);
    }
  }

  /** Says what it is, and that is not SiLU. */
  static final class WithRelu extends Fused {
    @Override
    public Activation activation() {
      return Activation.RELU;
    }

    @Override
    NDArray f(NDArray g) {
      return ai.djl.nn.Activation.relu(g);
    }
  }

  /** Does not say that it is not SiLU. */
  static final class Silent extends Greedy {
    @Override
    NDArray f(NDArray g) {
      return ai.djl.nn.Activation.relu(g);
    }
  }

  /** The same sparsity for all. */
  static final class Uniform extends Plain {
    @ActivationSparse(sparsity = 0.5)
    private final Linear w1 = child("w1", HIDDEN);

    @ActivationSparse(sparsity = 0.5)
    private final Linear w3 = child("w3", HIDDEN);

    @ActivationSparse(sparsity = 0.5)
    private final Linear w2 = child("w2", OUT);

    @Override
    List<Linear> layers() {
      return List.of(w1, w3, w2);
    }
  }

  private static void calibrate(Model model, float[] x) {
    try (NDManager manager = model.getNDManager().newSubManager()) {
      int half = x.length / IN / 2 * IN;
      Filigree.calibrate(
          model,
          List.of(
              new NDList(manager.create(Arrays.copyOf(x, half), new Shape(half / IN, IN))),
              new NDList(
                  manager.create(
                      Arrays.copyOfRange(x, half, x.length),
                      new Shape(1, (x.length - half) / IN, IN)))));
    }
  }

  private static float[] predict(Model model, float[] x) {
    return Models.predict(model, x, new Shape(x.length / IN, IN));
  }

  private static float[] thresholds(Plain block) {
    float[] t = new float[3];
    for (int i = 0; i < 3; i++) {
      LayerServing serving = (LayerServing) Bindings.get(block.layers().get(i)).serving();
      t[i] = (float) serving.rule().threshold().orElseThrow();
    }
    return t;
  }

  private static double distance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
    }
    return sum;
  }

  /** The definition, in double and without any of our code. */
  private static final class Reference {
    private final double[][] weights = new double[3][];
    private final double[][] biases = new double[3][];
    private final float[] x;
    private final boolean relu;
    private final double[][] inputs;
    private final double[] dense;

    Reference(Plain block, float[] x, boolean relu) {
      for (int i = 0; i < 3; i++) {
        weights[i] = doubles(block.layers().get(i), "weight");
        biases[i] = doubles(block.layers().get(i), "bias");
      }
      this.x = x;
      this.relu = relu;
      double[] in = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        in[i] = x[i];
      }
      double[] h = hidden(in, in);
      inputs = new double[][] {magnitudes(in), magnitudes(in), magnitudes(h)};
      dense = product(2, h, HIDDEN, OUT);
    }

    private static double[] doubles(Linear layer, String parameter) {
      float[] v = layer.getParameters().get(parameter).getArray().toFloatArray();
      double[] out = new double[v.length];
      for (int i = 0; i < v.length; i++) {
        out[i] = v[i];
      }
      return out;
    }

    private static double[] magnitudes(double[] v) {
      return Arrays.stream(v).map(Math::abs).sorted().toArray();
    }

    private double[] product(int layer, double[] in, int cols, int units) {
      double[] y = new double[in.length / cols * units];
      for (int i = 0; i < y.length; i++) {
        y[i] = biases[layer][i % units];
        for (int c = 0; c < cols; c++) {
          y[i] += weights[layer][i % units * cols + c] * in[i / units * cols + c];
        }
      }
      return y;
    }

    private double[] hidden(double[] forGate, double[] forUp) {
      double[] g = product(0, forGate, IN, HIDDEN);
      double[] u = product(1, forUp, IN, HIDDEN);
      for (int i = 0; i < g.length; i++) {
        g[i] = (relu ? Math.max(g[i], 0) : g[i] / (1 + Math.exp(-g[i]))) * u[i];
      }
      return g;
    }

    private static double[] above(double[] v, double threshold) {
      return Arrays.stream(v).map(a -> Math.abs(a) > threshold ? a : 0).toArray();
    }

    double threshold(int layer, double sparsity) {
      double[] m = inputs[layer];
      return sparsity == 0 ? -1 : m[(int) SparsityCount.rank(m.length, sparsity) - 1];
    }

    double error(double[] s) {
      double[] in = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        in[i] = x[i];
      }
      double[] h = hidden(above(in, threshold(0, s[0])), above(in, threshold(1, s[1])));
      double[] y = product(2, above(h, threshold(2, s[2])), HIDDEN, OUT);
      double sum = 0;
      for (int i = 0; i < y.length; i++) {
        sum += (y[i] - dense[i]) * (y[i] - dense[i]);
      }
      return sum;
    }

    /** Always the step that costs least, each of the same number of weights. */
    double[] search(double wanted) {
      double[] share = {IN * HIDDEN, IN * HIDDEN, HIDDEN * OUT};
      double all = Arrays.stream(share).sum();
      int steps = (int) Math.ceil(wanted * 60 - 1e-9);
      double[] s = new double[3];
      for (int step = 0; step < steps; step++) {
        double[] best = null;
        for (int p = 0; p < 3; p++) {
          double[] tried = s.clone();
          tried[p] += wanted / steps / (share[p] / all);
          if (tried[p] <= 0.95 + 1e-9 && (best == null || error(tried) < error(best))) {
            best = tried;
          }
        }
        s = best == null ? s : best;
      }
      double[] uniform = {wanted, wanted, wanted};
      return error(uniform) < error(s) ? uniform : s;
    }
  }

  @Test
  void thresholdsAreThoseOfTheWalk() {
    for (long seed = 1; seed <= 3; seed++) {
      for (double wanted : new double[] {0.05, 0.4, 0.5, 0.8}) {
        for (Plain block : List.of(new Greedy(), new Fused(), new WithRelu())) {
          try (Model model = Models.initialised(block, new Shape(1, IN), 100 + seed)) {
            float[] x = Models.gaussian(ROWS * IN, seed);
            Filigree.bind(
                block,
                p -> p.withActivation(new ActivationPlan(ActivationMethod.TEAL_GREEDY, wanted)));
            calibrate(model, x);
            Reference reference = new Reference(block, x, block instanceof WithRelu);
            double[] sparsities = reference.search(wanted);
            float[] t = thresholds(block);
            for (int i = 0; i < 3; i++) {
              double expected = reference.threshold(i, sparsities[i]);
              assertThat((double) t[i])
                  .as("seed %s, %s, layer %s: %s", seed, wanted, i, Arrays.toString(sparsities))
                  .isCloseTo(expected, within(1e-5));
            }
          }
        }
      }
    }
  }

  /** On what it was calibrated with, where the gate has little to say about the output. */
  @Test
  void isAsSparseAsWantedAndBetterThanTheSameForAll() {
    long seed = new Random().nextInt(1_000_000);
    for (int draw = 0; draw < 5; draw++, seed++) {
      float[] x = Models.gaussian(ROWS * IN, seed);
      Greedy greedy = new Greedy();
      Uniform uniform = new Uniform();
      try (Model one = Models.initialised(greedy, new Shape(1, IN), seed);
          Model two = Models.initialised(uniform, new Shape(1, IN), seed)) {
        for (Plain block : List.of(greedy, uniform)) {
          block.layers().get(0).getParameters().get("weight").getArray().muli(0.05f);
        }
        float[] dense = predict(one, x);
        assertThat(predict(two, x)).containsExactly(dense);
        calibrate(one, x);
        calibrate(two, x);
        double error = distance(predict(one, x), dense);
        double same = distance(predict(two, x), dense);
        assertThat(error).as("seed %s", seed).isLessThan(0.8 * same);
        ModelSummary summary = Filigree.summary(one);
        double skipped = 0;
        double all = 0;
        for (String path : List.of("w1", "w3", "w2")) {
          LayerSummary layer = Models.layer(summary, path);
          assertThat(layer.plan()).isEqualTo("teal-greedy 0.5");
          assertThat(layer.activationSparsity()).isBetween(0.0, 0.97);
          skipped += layer.activationSparsity() * layer.denseBytes();
          all += layer.denseBytes();
        }
        assertThat(skipped / all).as("seed %s", seed).isCloseTo(0.5, within(0.03));
        assertThat(Models.layer(summary, "w1").activationSparsity())
            .as("seed %s", seed)
            .isGreaterThan(0.6);
      }
    }
  }

  /** Also where nothing tells one layer from another. */
  @Test
  void isNeverWorseThanTheSameForAll() {
    long seed = new Random().nextInt(1_000_000);
    for (int draw = 0; draw < 5; draw++, seed++) {
      float[] x = Models.gaussian(ROWS * IN, seed);
      try (Model one = Models.initialised(new Greedy(), new Shape(1, IN), seed);
          Model two = Models.initialised(new Uniform(), new Shape(1, IN), seed)) {
        float[] dense = predict(one, x);
        calibrate(one, x);
        calibrate(two, x);
        assertThat(distance(predict(one, x), dense))
            .as("seed %s", seed)
            .isLessThanOrEqualTo(distance(predict(two, x), dense) * (1 + 1e-4));
      }
    }
  }

  @Test
  void fusedAndFromAFileItIsWhatItsLayersAreOneByOne(@TempDir Path folder) {
    Path file = folder.resolve("greedy.safetensors");
    float[] one = Models.gaussian(IN, 5);
    float[] nine = Models.gaussian(9 * IN, 7);
    Fused block = new Fused();
    float[] t;
    List<float[]> expected = new ArrayList<>();
    try (Model model = Models.initialised(block, new Shape(1, IN), 41)) {
      float[] dense = predict(model, nine);
      for (LayerSummary l : Filigree.pack(model, SPARSE).layers()) {
        assertThat(l.reason()).isEqualTo("activation threshold not calibrated");
        assertThat(l.format()).isEqualTo("dense");
      }
      assertThat(predict(model, nine)).containsExactly(dense);
      calibrate(model, Models.gaussian(ROWS * IN, 4));
      t = thresholds(block);
      assertThat(t[0]).as("of the same inputs").isNotEqualTo(t[1]);
      expected.add(predict(model, one));
      expected.add(predict(model, nine));
      assertThat(expected.get(1)).isNotEqualTo(dense);
      for (LayerSummary l : Filigree.pack(model, SPARSE).layers()) {
        assertThat(l.format()).isEqualTo("fused columns");
        assertThat(l.reason()).isEmpty();
      }
      long before = Models.layer(Filigree.summary(model), "w3").packedForwards();
      BindingIT.close(predict(model, one), expected.get(0));
      BindingIT.close(predict(model, nine), expected.get(1));
      assertThat(Models.layer(Filigree.summary(model), "w3").packedForwards())
          .isEqualTo(before + 2);
      Filigree.save(model, file);
      Filigree.strip(model);
      assertThat(predict(model, nine)).containsExactly(dense);
    }
    Fused loaded = new Fused();
    try (Model model = Model.newInstance("greedy")) {
      model.setBlock(loaded);
      Filigree.load(model, file);
      assertThat(thresholds(loaded)).containsExactly(t);
      BindingIT.close(predict(model, one), expected.get(0));
      BindingIT.close(predict(model, nine), expected.get(1));
    }
  }

  @Test
  void aBlockThatDoesNotSayWhatItIsRunsLayerByLayer() {
    try (Model model = Models.initialised(new Greedy(), new Shape(1, IN), 42)) {
      calibrate(model, Models.gaussian(ROWS * IN, 4));
      float[] x = Models.gaussian(IN, 5);
      float[] expected = predict(model, x);
      for (LayerSummary l : Filigree.pack(model, SPARSE).layers()) {
        assertThat(l.format()).isEqualTo("columns");
      }
      BindingIT.close(predict(model, x), expected);
    }
  }

  @Test
  void aBlockThatComputesSomethingElseIsRefused() {
    Silent block = new Silent();
    try (Model model = Models.initialised(block, new Shape(1, IN), 43)) {
      float[] x = Models.gaussian(ROWS * IN, 4);
      assertThatThrownBy(() -> calibrate(model, x))
          .isInstanceOf(FiligreeException.class)
          .hasMessageMatching(
              "FIL-0877: w1: the inputs of w2 are not f\\(gate\\(x\\)\\) \\* up\\(x\\) with f = SILU, [0-9.]+ of the largest off, so TEAL_GREEDY cannot tell what the block computes\\. .*");
      assertThat(Bindings.get(block.layers().get(0)).serving()).as("nothing was changed").isNull();
    }
  }

  /** A layer whose plan the program takes away stays dense; the others share what was declared. */
  @Test
  void aLayerThatIsTakenOutStaysDense() {
    Greedy block = new Greedy();
    try (Model model = Models.initialised(block, new Shape(1, IN), 44)) {
      Map<String, Double> wanted = Map.of("w1", 0.6, "w2", 0.3);
      int[] at = {0};
      String[] order = {"w1", "w3", "w2"};
      Filigree.bind(
          block,
          p -> {
            Double s = wanted.get(order[at[0]++ % 3]);
            return s == null
                ? null
                : p.withActivation(new ActivationPlan(ActivationMethod.TEAL_GREEDY, s));
          });
      float[] x = Models.gaussian(ROWS * IN, 4);
      calibrate(model, x);
      predict(model, x);
      ModelSummary summary = Filigree.summary(model);
      assertThat(Models.layer(summary, "w3").activationSparsity()).isNaN();
      double sum =
          IN * HIDDEN * Models.layer(summary, "w1").activationSparsity()
              + HIDDEN * OUT * Models.layer(summary, "w2").activationSparsity();
      assertThat(sum / (IN * HIDDEN + HIDDEN * OUT))
          .isCloseTo((0.6 * IN + 0.3 * OUT) / (IN + OUT), within(0.04));
    }
  }

  /** Its gate trains straight-through, so its parameter holds more than a forward pass sees. */
  @ActivationSparse(
      sparsity = 0.5,
      method = ActivationMethod.TEAL_GREEDY,
      gate = "w1",
      up = "w3",
      down = "w2")
  static final class Latent extends Plain {
    @NMSparse(n = 2, m = 4)
    private final Linear w1 = child("w1", HIDDEN);

    private final Linear w3 = child("w3", HIDDEN);
    private final Linear w2 = child("w2", OUT);

    @Override
    List<Linear> layers() {
      return List.of(w1, w3, w2);
    }
  }

  @Test
  void searchesWithTheWeightsThatAForwardPassSees() {
    Latent block = new Latent();
    Shape shape = new Shape(8, IN);
    try (Model model = Models.initialised(block, shape, 45)) {
      float[] x = Models.gaussian(ROWS * IN, 4);
      try (Trainer trainer = TrainingIT.trainer(model, TrainingIT.adamWithDecay())) {
        trainer.initialize(shape);
        TrainingIT.step(
            trainer,
            Models.gaussian(8 * IN, 1),
            shape,
            Models.gaussian(8 * OUT, 2),
            new Shape(8, OUT));
        calibrate(model, x);
        float[] w = block.layers().get(0).getParameters().get("weight").getArray().toFloatArray();
        assertThat(Models.zeros(w)).as("latent").isLessThan(w.length / 4);
      }
      float[] t = thresholds(block);
      Reference reference = new Reference(block, x, false);
      double[] sparsities = reference.search(0.5);
      for (int i = 0; i < 3; i++) {
        assertThat((double) t[i]).isCloseTo(reference.threshold(i, sparsities[i]), within(1e-5));
      }
    }
  }
}
