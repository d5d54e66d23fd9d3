package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
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
import ai.djl.util.PairList;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.PackOptions;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Activation sparsity equals the definition, packed or not. */
class ActivationIT {
  private static final PackOptions SPARSE =
      PackOptions.defaults().withMode(PackOptions.Mode.ALWAYS_SPARSE);
  private static final int IN = 96;
  private static final int OUT = 80;

  static final class Teal extends Models.Chain {
    @ActivationSparse(sparsity = 0.6)
    private final Linear layer = addChildBlock("layer", Linear.builder().setUnits(OUT).build());

    @Override
    List<Block> order() {
      return List.of(layer);
    }
  }

  static final class Wina extends Models.Chain {
    @ActivationSparse(sparsity = 0.6, method = ActivationMethod.WINA)
    private final Linear layer = addChildBlock("layer", Linear.builder().setUnits(OUT).build());

    @Override
    List<Block> order() {
      return List.of(layer);
    }
  }

  /** y = W x' + b with x' the kept inputs, in double. */
  private static float[] expected(Model model, float[] x, boolean[] kept) {
    float[] w = model.getBlock().getParameters().valueAt(0).getArray().toFloatArray();
    float[] b = model.getBlock().getParameters().valueAt(1).getArray().toFloatArray();
    float[] y = new float[OUT];
    for (int o = 0; o < OUT; o++) {
      double sum = b[o];
      for (int i = 0; i < IN; i++) {
        sum += kept[i] ? (double) w[o * IN + i] * x[i] : 0;
      }
      y[o] = (float) sum;
    }
    return y;
  }

  @Test
  void tealKeepsWhatIsAboveTheCalibratedThreshold() {
    try (Model model = Models.initialised(new Teal(), new Shape(1, IN), 31);
        NDManager manager = model.getNDManager().newSubManager()) {
      float[] sample = Models.gaussian(200 * IN, 1);
      Filigree.calibrate(model, List.of(new NDList(manager.create(sample, new Shape(200, IN)))));
      float[] magnitudes = new float[sample.length];
      for (int i = 0; i < sample.length; i++) {
        magnitudes[i] = Math.abs(sample[i]);
      }
      Arrays.sort(magnitudes);
      float threshold = magnitudes[(int) Math.ceil(sample.length * 0.6) - 1];
      float[] x = Models.gaussian(IN, 2);
      boolean[] kept = new boolean[IN];
      for (int i = 0; i < IN; i++) {
        kept[i] = Math.abs(x[i]) > threshold;
      }
      float[] expected = expected(model, x, kept);
      BindingIT.close(Models.predict(model, x, new Shape(1, IN)), expected);
      Filigree.pack(model, SPARSE);
      BindingIT.close(Models.predict(model, x, new Shape(1, IN)), expected);
      float[] four = new float[4 * IN];
      for (int i = 0; i < 4; i++) {
        System.arraycopy(x, 0, four, i * IN, IN);
      }
      float[] rows = Models.predict(model, four, new Shape(4, IN));
      BindingIT.close(Arrays.copyOfRange(rows, 3 * OUT, 4 * OUT), expected);
      LayerSummary layer = Models.layer(Filigree.summary(model), "layer");
      assertThat(layer.activationSparsity()).isCloseTo(0.6, within(0.1));
      assertThat(layer.packedForwards()).isEqualTo(2);
    }
  }

  @Test
  void winaKeepsTheInputsThatMoveTheOutputMost() {
    try (Model model = Models.initialised(new Wina(), new Shape(1, IN), 32)) {
      float[] w = model.getBlock().getParameters().valueAt(0).getArray().toFloatArray();
      float[] x = Models.gaussian(IN, 3);
      double[] score = new double[IN];
      Integer[] order = new Integer[IN];
      for (int i = 0; i < IN; i++) {
        double sum = 0;
        for (int o = 0; o < OUT; o++) {
          sum += (double) w[o * IN + i] * w[o * IN + i];
        }
        score[i] = Math.abs(x[i]) * Math.sqrt(sum);
        order[i] = i;
      }
      Arrays.sort(order, (a, b) -> Double.compare(score[a], score[b]));
      boolean[] kept = new boolean[IN];
      for (int i = 57; i < IN; i++) {
        kept[order[i]] = true;
      }
      float[] expected = expected(model, x, kept);
      BindingIT.close(Models.predict(model, x, new Shape(1, IN)), expected);
      Filigree.pack(model, SPARSE);
      BindingIT.close(Models.predict(model, x, new Shape(1, IN)), expected);
      assertThat(Models.layer(Filigree.summary(model), "layer").activationSparsity())
          .isCloseTo(57 / 96.0, within(1e-9));
    }
  }

  /** down(SiLU(gate(x)) * up(x)), as a user would write it. */
  @ActivationSparse(
      sparsity = 0.5,
      method = ActivationMethod.CATS,
      gate = "gate",
      up = "up",
      down = "down")
  static final class Gated extends AbstractBlock {
    private final Linear gate = addChildBlock("gate", Linear.builder().setUnits(64).build());
    private final Linear up = addChildBlock("up", Linear.builder().setUnits(64).build());
    private final Linear down = addChildBlock("down", Linear.builder().setUnits(24).build());

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDArray g = gate.forward(store, inputs, training).head();
      NDArray u = up.forward(store, inputs, training).head();
      return down.forward(store, new NDList(g.mul(g.neg().exp().add(1).pow(-1)).mul(u)), training);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return new Shape[] {new Shape(inputs[0].get(0), 24)};
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
      gate.initialize(manager, type, shapes[0]);
      up.initialize(manager, type, shapes[0]);
      down.initialize(manager, type, new Shape(shapes[0].get(0), 64));
    }
  }

  @Test
  void catsZeroesSmallGates() {
    Gated block = new Gated();
    try (Model model = Models.initialised(block, new Shape(1, 32), 33);
        NDManager manager = model.getNDManager().newSubManager()) {
      float[] sample = Models.gaussian(64 * 32, 4);
      Filigree.calibrate(model, List.of(new NDList(manager.create(sample, new Shape(64, 32)))));
      double[] silu = new double[64 * 64];
      for (int t = 0; t < 64; t++) {
        double[] g = product(block.gate, Arrays.copyOfRange(sample, t * 32, t * 32 + 32));
        for (int i = 0; i < 64; i++) {
          silu[t * 64 + i] = Math.abs(silu(g[i]));
        }
      }
      Arrays.sort(silu);
      double threshold = silu[silu.length / 2 - 1];
      float[] x = Models.gaussian(32, 5);
      double[] g = product(block.gate, x);
      double[] u = product(block.up, x);
      float[] h = new float[64];
      for (int i = 0; i < 64; i++) {
        h[i] = Math.abs(silu(g[i])) > threshold ? (float) (silu(g[i]) * u[i]) : 0f;
      }
      double[] y = product(block.down, h);
      float[] expected = new float[24];
      for (int i = 0; i < 24; i++) {
        expected[i] = (float) y[i];
      }
      BindingIT.close(Models.predict(model, x, new Shape(1, 32)), expected);
      Filigree.pack(model, SPARSE);
      BindingIT.close(Models.predict(model, x, new Shape(1, 32)), expected);
      assertThat(Models.layer(Filigree.summary(model), "down").format()).isEqualTo("columns");
    }
  }

  private static double silu(double v) {
    return v / (1 + Math.exp(-v));
  }

  private static double[] product(Linear layer, float[] x) {
    float[] w = layer.getParameters().get("weight").getArray().toFloatArray();
    float[] b = layer.getParameters().get("bias").getArray().toFloatArray();
    double[] y = new double[b.length];
    for (int o = 0; o < y.length; o++) {
      y[o] = b[o];
      for (int i = 0; i < x.length; i++) {
        y[o] += (double) w[o * x.length + i] * x[i];
      }
    }
    return y;
  }
}
