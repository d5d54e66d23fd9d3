package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import ai.djl.util.PairList;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.ModelSummary;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.block.GatedFeedForward;
import dev.filigree.djl.block.SharedInput;
import dev.filigree.kernel.Activation;
import dev.filigree.plan.FiligreeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Blocks that say what they are are answered whole, and answer what their layers would. */
class FusedIT {
  private static final PackOptions SPARSE =
      PackOptions.defaults().withMode(PackOptions.Mode.ALWAYS_SPARSE);
  private static final int IN = 32;
  private static final int HIDDEN = 64;

  /** down(SiLU(gate(x)) * up(x)). */
  abstract static class Gated extends AbstractBlock implements GatedFeedForward {
    abstract Linear first();

    abstract Linear second();

    abstract Linear third();

    Linear child(String name, int units) {
      return addChildBlock(name, Linear.builder().setUnits(units).build());
    }

    @Override
    public Block gate() {
      return first();
    }

    @Override
    public Block up() {
      return second();
    }

    @Override
    public Block down() {
      return third();
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDArray g = first().forward(store, inputs, training).head();
      NDArray u = second().forward(store, inputs, training).head();
      NDArray h = g.mul(g.neg().exp().add(1).pow(-1)).mul(u);
      return third().forward(store, new NDList(h), training);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return new Shape[] {new Shape(inputs[0].get(0), IN)};
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
      first().initialize(manager, type, shapes[0]);
      second().initialize(manager, type, shapes[0]);
      third().initialize(manager, type, new Shape(shapes[0].get(0), HIDDEN));
    }
  }

  @ActivationSparse(
      sparsity = 0.5,
      method = ActivationMethod.CATS,
      gate = "w1",
      up = "w3",
      down = "w2")
  static class Cats extends Gated {
    private final Linear w1 = child("w1", HIDDEN);
    private final Linear w3 = child("w3", HIDDEN);
    private final Linear w2 = child("w2", IN);

    @Override
    Linear first() {
      return w1;
    }

    @Override
    Linear second() {
      return w3;
    }

    @Override
    Linear third() {
      return w2;
    }
  }

  @ActivationSparse(
      sparsity = 0.5,
      method = ActivationMethod.CHESS,
      gate = "w1",
      up = "w3",
      down = "w2")
  static final class Chess extends Gated {
    private final Linear w1 = child("w1", HIDDEN);
    private final Linear w3 = child("w3", HIDDEN);
    private final Linear w2 = child("w2", IN);

    @Override
    Linear first() {
      return w1;
    }

    @Override
    Linear second() {
      return w3;
    }

    @Override
    Linear third() {
      return w2;
    }
  }

  /** down(ReLU(gate(x)) * up(x)). */
  abstract static class ReluGated extends Gated {
    private final Linear w1 = child("w1", HIDDEN);
    private final Linear w3 = child("w3", HIDDEN);
    private final Linear w2 = child("w2", IN);

    @Override
    Linear first() {
      return w1;
    }

    @Override
    Linear second() {
      return w3;
    }

    @Override
    Linear third() {
      return w2;
    }

    @Override
    public Activation activation() {
      return Activation.RELU;
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDArray g = w1.forward(store, inputs, training).head();
      NDArray u = w3.forward(store, inputs, training).head();
      NDArray h = ai.djl.nn.Activation.relu(g).mul(u);
      return w2.forward(store, new NDList(h), training);
    }
  }

  @ActivationSparse(method = ActivationMethod.RELU, gate = "w1", up = "w3", down = "w2")
  static final class Relu extends ReluGated {}

  @ActivationSparse(
      method = ActivationMethod.RELU,
      gate = "w1",
      up = "w3",
      down = "w2",
      threshold = 0.25)
  static final class FatRelu extends ReluGated {}

  /** Declares ReLU and computes SiLU. */
  @ActivationSparse(method = ActivationMethod.RELU, gate = "w1", up = "w3", down = "w2")
  static final class NotRelu extends Gated {
    private final Linear w1 = child("w1", HIDDEN);
    private final Linear w3 = child("w3", HIDDEN);
    private final Linear w2 = child("w2", IN);

    @Override
    Linear first() {
      return w1;
    }

    @Override
    Linear second() {
      return w3;
    }

    @Override
    Linear third() {
      return w2;
    }
  }

  /** Says it is a gated feed-forward and adds its input as well. */
  static final class Residual extends Cats {
    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDList y = super.forwardInternal(store, inputs, training, params);
      return new NDList(y.head().add(inputs.head()));
    }
  }

  static final class Wina extends Gated {
    @ActivationSparse(sparsity = 0.4, method = ActivationMethod.WINA)
    private final Linear gate = child("gate", HIDDEN);

    @ActivationSparse(sparsity = 0.5, method = ActivationMethod.WINA)
    private final Linear up = child("up", HIDDEN);

    @ActivationSparse(sparsity = 0.6, method = ActivationMethod.WINA)
    private final Linear down = child("down", IN);

    @Override
    Linear first() {
      return gate;
    }

    @Override
    Linear second() {
      return up;
    }

    @Override
    Linear third() {
      return down;
    }
  }

  static final class Projections extends AbstractBlock implements SharedInput {
    @ActivationSparse(sparsity = 0.5)
    private final Linear q = addChildBlock("q", Linear.builder().setUnits(48).build());

    @ActivationSparse(sparsity = 0.5)
    private final Linear k = addChildBlock("k", Linear.builder().setUnits(16).build());

    @ActivationSparse(sparsity = 0.5)
    private final Linear v =
        addChildBlock("v", Linear.builder().setUnits(24).optBias(false).build());

    @Override
    public List<Block> projections() {
      return List.of(q, k, v);
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDList out = new NDList();
      for (Block b : projections()) {
        out.addAll(b.forward(store, inputs, training));
      }
      return out;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return projections().stream().map(b -> b.getOutputShapes(inputs)[0]).toArray(Shape[]::new);
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
      projections().forEach(b -> b.initialize(manager, type, shapes));
    }
  }

  private static void calibrate(Model model) {
    try (NDManager manager = model.getNDManager().newSubManager()) {
      float[] sample = Models.gaussian(100 * IN, 4);
      Filigree.calibrate(model, List.of(new NDList(manager.create(sample, new Shape(100, IN)))));
    }
  }

  /** All outputs, one behind the other. */
  private static List<float[]> predict(Model model, float[] x) {
    try (Predictor<NDList, NDList> p = model.newPredictor(new NoopTranslator(null));
        NDManager manager = model.getNDManager().newSubManager();
        NDList out = p.predict(new NDList(manager.create(x, new Shape(x.length / IN, IN))))) {
      List<float[]> values = new ArrayList<>();
      out.forEach(a -> values.add(a.toFloatArray()));
      return values;
    } catch (TranslateException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void same(List<float[]> actual, List<float[]> expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.size(); i++) {
      BindingIT.close(actual.get(i), expected.get(i));
    }
  }

  private static long forwards(Model model, String layer) {
    return Models.layer(Filigree.summary(model), layer).packedForwards();
  }

  /** The same results for one row and for many, and each from one call of the fused operator. */
  private static void isFused(Model model, PackOptions options, String format, String... layers) {
    float[] one = Models.gaussian(IN, 5);
    float[] three = Models.gaussian(3 * IN, 6);
    float[] nine = Models.gaussian(9 * IN, 7);
    List<List<float[]>> expected =
        List.of(predict(model, one), predict(model, three), predict(model, nine));
    ModelSummary summary = Filigree.pack(model, options);
    for (String layer : layers) {
      LayerSummary l = Models.layer(summary, layer);
      assertThat(l.format()).as(layer).isEqualTo(format);
      assertThat(l.reason()).isEmpty();
      assertThat(l.packedBytes()).isEqualTo(l.denseBytes());
    }
    long before = forwards(model, layers[0]);
    same(predict(model, one), expected.get(0));
    same(predict(model, three), expected.get(1));
    same(predict(model, nine), expected.get(2));
    for (String layer : layers) {
      assertThat(forwards(model, layer)).as(layer).isEqualTo(before + 3);
    }
  }

  @Test
  void catsInOneCall() {
    try (Model model = Models.initialised(new Cats(), new Shape(1, IN), 41)) {
      calibrate(model);
      isFused(model, SPARSE, "fused dense+columns", "w1", "w3", "w2");
      assertThat(Models.layer(Filigree.summary(model), "w1").activationSparsity())
          .isBetween(0.3, 0.7);
      Filigree.unpack(model);
      assertThat(Models.layer(Filigree.summary(model), "w3").format()).isEqualTo("dense");
    }
  }

  private static double[] product(Linear layer, float[] x, int from) {
    float[] w = layer.getParameters().get("weight").getArray().toFloatArray();
    float[] b = layer.getParameters().get("bias").getArray().toFloatArray();
    double[] y = new double[b.length];
    int n = w.length / b.length;
    for (int o = 0; o < y.length; o++) {
      y[o] = b[o];
      for (int i = 0; i < n; i++) {
        y[o] += (double) w[o * n + i] * x[from + i];
      }
    }
    return y;
  }

  private static double silu(double v) {
    return v / (1 + Math.exp(-v));
  }

  /** Keeps unit i where |SiLU(g_i)| sqrt(E[u_i^2]) is above the median of the calibration. */
  @Test
  void chessInOneCallAndFromAFile(@TempDir Path folder) {
    Chess block = new Chess();
    float[] sample = Models.gaussian(100 * IN, 4);
    float[] x = Models.gaussian(IN, 5);
    Path file = folder.resolve("chess.safetensors");
    float[] expected;
    try (Model model = Models.initialised(block, new Shape(1, IN), 48)) {
      // Units that matter little must not be judged as the others.
      NDArray weight = block.w3.getParameters().get("weight").getArray();
      weight.get("0:16").muli(0.05f);
      calibrate(model);
      double[] energy = new double[HIDDEN];
      double[] scores = new double[100 * HIDDEN];
      for (int t = 0; t < 100; t++) {
        double[] u = product(block.w3, sample, t * IN);
        for (int i = 0; i < HIDDEN; i++) {
          energy[i] += u[i] * u[i] / 100;
        }
      }
      for (int t = 0; t < 100; t++) {
        double[] g = product(block.w1, sample, t * IN);
        for (int i = 0; i < HIDDEN; i++) {
          scores[t * HIDDEN + i] = Math.abs(silu(g[i])) * Math.sqrt(energy[i]);
        }
      }
      Arrays.sort(scores);
      double least = scores[scores.length / 2 - 1];
      double[] g = product(block.w1, x, 0);
      double[] u = product(block.w3, x, 0);
      float[] h = new float[HIDDEN];
      int weak = 0;
      for (int i = 0; i < HIDDEN; i++) {
        boolean kept = Math.abs(silu(g[i])) * Math.sqrt(energy[i]) > least;
        h[i] = kept ? (float) (silu(g[i]) * u[i]) : 0f;
        weak += kept && i < 16 ? 1 : 0;
      }
      assertThat(weak).isLessThan(3);
      double[] y = product(block.w2, h, 0);
      expected = new float[IN];
      for (int i = 0; i < IN; i++) {
        expected[i] = (float) y[i];
      }
      BindingIT.close(predict(model, x).get(0), expected);
      isFused(model, SPARSE, "fused dense+columns", "w1", "w3", "w2");
      BindingIT.close(predict(model, x).get(0), expected);
      Filigree.save(model, file);
    }
    try (Model model = Models.initialised(new Chess(), new Shape(1, IN), 49)) {
      Filigree.load(model, file);
      BindingIT.close(predict(model, x).get(0), expected);
    }
  }

  @Test
  void catsWithoutThresholdIsNotFused() {
    try (Model model = Models.initialised(new Cats(), new Shape(1, IN), 42)) {
      LayerSummary gate = Models.layer(Filigree.pack(model, SPARSE), "w1");
      assertThat(gate.format()).isEqualTo("dense");
      assertThat(gate.reason()).contains("not calibrated");
    }
  }

  @Test
  void winaInOneCallWithAChoiceForEachLayer() {
    try (Model model = Models.initialised(new Wina(), new Shape(1, IN), 43)) {
      isFused(model, SPARSE, "fused columns", "gate", "up", "down");
      assertThat(Models.layer(Filigree.summary(model), "up").activationSparsity()).isEqualTo(0.5);
    }
  }

  @Test
  void projectionsOfOneInputInOneCall() {
    try (Model model = Models.initialised(new Projections(), new Shape(1, IN), 44)) {
      calibrate(model);
      isFused(model, SPARSE, "fused columns", "q", "k", "v");
    }
  }

  @Test
  void theGateMeasuresTheWholeBlock() {
    try (Model model = Models.initialised(new Cats(), new Shape(1, IN), 45)) {
      calibrate(model);
      float[] x = Models.gaussian(IN, 8);
      List<float[]> expected = predict(model, x);
      LayerSummary gate =
          Models.layer(
              Filigree.pack(model, new PackOptions(List.of(1), PackOptions.Mode.AUTO)), "w1");
      if (gate.format().startsWith("fused")) {
        assertThat(gate.verdicts()).hasSize(1);
        assertThat(gate.verdicts().get(0).ratio()).isGreaterThan(1);
      }
      same(predict(model, x), expected);
    }
  }

  @Test
  void changedWeightsAreNotServed() {
    Cats block = new Cats();
    try (Model model = Models.initialised(block, new Shape(1, IN), 46)) {
      calibrate(model);
      Filigree.pack(model, SPARSE);
      float[] x = Models.gaussian(IN, 9);
      float[] before = predict(model, x).get(0);
      block.w3.getParameters().get("weight").getArray().muli(2);
      block.w3.getParameters().get("bias").getArray().muli(2);
      float[] doubled = new float[IN];
      float[] bias = block.w2.getParameters().get("bias").getArray().toFloatArray();
      for (int i = 0; i < IN; i++) {
        doubled[i] = 2 * before[i] - bias[i];
      }
      BindingIT.close(predict(model, x).get(0), doubled);
      assertThat(Models.layer(Filigree.summary(model), "w3").format()).isEqualTo("dense");
    }
  }

  @Test
  void aBlockThatComputesSomethingElseRunsAsItIs() {
    try (Model model = Models.initialised(new Residual(), new Shape(1, IN), 47)) {
      calibrate(model);
      float[] x = Models.gaussian(IN, 10);
      List<float[]> expected = predict(model, x);
      LayerSummary up = Models.layer(Filigree.pack(model, SPARSE), "w3");
      assertThat(up.format()).isEqualTo("dense");
      assertThat(up.reason()).contains("CATS outside a fused block");
      same(predict(model, x), expected);
    }
  }

  /** The definition, in double; hidden units with a gate at or below t are zero. */
  private static float[] relu(ReluGated block, float[] x, double t) {
    double[] g = product(block.first(), x, 0);
    double[] u = product(block.second(), x, 0);
    float[] h = new float[HIDDEN];
    for (int i = 0; i < HIDDEN; i++) {
      h[i] = g[i] > t ? (float) (g[i] * u[i]) : 0;
    }
    double[] y = product(block.third(), h, 0);
    float[] out = new float[IN];
    for (int i = 0; i < IN; i++) {
      out[i] = (float) y[i];
    }
    return out;
  }

  @Test
  void reluInOneCallWithoutCalibrationAndFromAFile(@TempDir Path folder) {
    Relu block = new Relu();
    float[] x = Models.gaussian(IN, 5);
    Path file = folder.resolve("relu.safetensors");
    float[] expected;
    try (Model model = Models.initialised(block, new Shape(1, IN), 51)) {
      expected = relu(block, x, 0);
      BindingIT.close(predict(model, x).get(0), expected);
      double[] g = product(block.first(), x, 0);
      double zeros = Arrays.stream(g).filter(v -> v <= 0).count() / (double) HIDDEN;
      LayerSummary down = Models.layer(Filigree.summary(model), "w2");
      assertThat(down.plan()).isEqualTo("relu");
      assertThat(down.activationSparsity()).as("exactly the zeros").isEqualTo(zeros);
      isFused(model, SPARSE, "fused dense+columns", "w1", "w3", "w2");
      assertThat(Models.layer(Filigree.summary(model), "w1").activationSparsity())
          .isBetween(0.3, 0.7);
      Filigree.save(model, file);
    }
    try (Model model = Model.newInstance("relu")) {
      model.setBlock(new Relu());
      Filigree.load(model, file);
      BindingIT.close(predict(model, x).get(0), expected);
    }
  }

  @Test
  void reluAboveAThreshold(@TempDir Path folder) {
    FatRelu block = new FatRelu();
    float[] x = Models.gaussian(IN, 5);
    Path file = folder.resolve("fat.safetensors");
    float[] expected;
    try (Model model = Models.initialised(block, new Shape(1, IN), 52)) {
      expected = relu(block, x, 0.25);
      assertThat(expected).isNotEqualTo(relu(block, x, 0));
      BindingIT.close(predict(model, x).get(0), expected);
      assertThat(Models.layer(Filigree.summary(model), "w1").plan()).isEqualTo("relu above 0.25");
      isFused(model, SPARSE, "fused dense+columns", "w1", "w3", "w2");
      Filigree.save(model, file);
    }
    try (Model model = Model.newInstance("fat")) {
      model.setBlock(new FatRelu());
      Filigree.load(model, file);
      BindingIT.close(predict(model, x).get(0), expected);
    }
  }

  @Test
  void reluOfABlockWithAnotherFunctionIsRefused() {
    try (Model model = Models.initialised(new NotRelu(), new Shape(1, IN), 53)) {
      assertThatThrownBy(() -> Filigree.bind(model.getBlock()))
          .isInstanceOf(FiligreeException.class)
          .hasMessageContaining(
              "FIL-0838: type NotRelu declares method = RELU, and its activation() is SILU.");
    }
  }
}
