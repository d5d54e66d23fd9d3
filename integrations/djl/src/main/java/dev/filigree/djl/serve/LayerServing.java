package dev.filigree.djl.serve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.ServingOperator;
import dev.filigree.djl.torch.TorchDense;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.ColumnsMatrix;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.plan.Message;
import dev.filigree.plan.Setting;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One Linear at inference: packed weights, an activation rule, or both. */
public final class LayerServing implements ServingOperator {
  private static final Logger LOG = LoggerFactory.getLogger(LayerServing.class);

  // Becomes null where the weights are no longer those that a remainder was made of.
  private volatile ActivationRule rule;
  private final ActivationRule gate;
  private final float[] sample;
  private final int checkEvery = Math.max(1, Setting.CHECK_EVERY.getInt());
  private volatile PackedWeights packed;
  private int sinceCheck;

  /**
   * @param packed packed weights, or null
   * @param rule which inputs are kept, or null for all
   * @param gate CATS: which outputs are kept, judged on SiLU of the output; RELU: on ReLU of it; or
   *     null
   */
  public LayerServing(PackedWeights packed, ActivationRule rule, ActivationRule gate) {
    this(packed, rule, gate, new float[0]);
  }

  /** The same with some input rows seen in calibration, for the gate to measure with. */
  LayerServing(PackedWeights packed, ActivationRule rule, ActivationRule gate, float[] sample) {
    this.packed = packed;
    this.rule = rule;
    this.gate = gate;
    this.sample = sample;
  }

  /** Input rows seen in calibration, one after the other; empty without calibration. */
  public float[] sampleInput() {
    return sample;
  }

  /** Whether some inputs are skipped, so that a form with one row per input pays. */
  public boolean skipsInputs() {
    return rule != null;
  }

  /** The packed weights, or null. */
  public PackedWeights packed() {
    return packed;
  }

  /** The rule on the inputs (or on the gate's outputs), or null. */
  public ActivationRule rule() {
    return gate != null ? gate : rule;
  }

  /** The same rules with other packed weights. */
  public LayerServing with(PackedWeights other) {
    return new LayerServing(other, rule, gate, sample);
  }

  @Override
  public NDList answer(Block block, Binding binding, ParameterStore store, NDList inputs) {
    if (inputs.size() != 1 || !Arrays32.isUsable(inputs.head())) {
      return null;
    }
    NDArray x = inputs.head();
    int cols = Math.toIntExact(x.getShape().get(x.getShape().dimension() - 1));
    int batch = cols == 0 ? 0 : Math.toIntExact(x.size() / cols);
    // A race on the counter only moves a check; it need not be exact.
    boolean sampled = ++sinceCheck >= checkEvery;
    sinceCheck = sampled ? 0 : sinceCheck;
    ActivationRule own = batch == 0 ? rule : currentRule(binding, sampled);
    PackedWeights weights = batch == 0 ? packed : current(binding, sampled);
    if (weights != null && weights.cols() != cols) {
      return null;
    }
    if (batch > 0 && own instanceof RemainderRule r && r.remainder().inputs() != cols) {
      return null; // DJL says what it thinks of such an input
    }
    if (batch == 0) {
      // A layer served from a file has no dense weights that could answer.
      return weights == null
          ? null
          : new NDList(
              x.getManager()
                  .create(Arrays32.withLast(x.getShape(), weights.rows()), DataType.FLOAT32));
    }
    WeightForm form = weights == null ? null : weights.forBatch(batch);
    if (form instanceof WeightForm.Torch && !TorchDense.isPossible(x)) {
      // An input of another engine; DJL's layer says what it thinks of it.
      form = null;
    }
    // Asked whatever serves: a rule may have to see what it skips nothing of.
    ActivationRule skipping = own != null && own.skipsIn(x) ? own : null;
    NDList result = null;
    if (form instanceof WeightForm.Packed p) {
      result = new NDList(multiply(x, batch, cols, weights, p.matrix(), skipping));
      binding.packedForwards().increment();
    } else if (form instanceof WeightForm.Torch t) {
      NDArray y = Dispatch.bypassed(() -> t.product().tryMultiply(store, x));
      // Null where another thread dropped the weights in between; the layer runs as it is then.
      if (y != null) {
        result = new NDList(y);
        binding.packedForwards().increment();
      }
    } else if (skipping != null && weights == null) {
      NDArray kept = x.getManager().create(x.getShape(), DataType.FLOAT32);
      keepInputs(skipping, Arrays32.buffer(x), batch, cols, Arrays32.buffer(kept));
      result = Dispatch.bypassed(() -> block.forward(store, new NDList(kept), false));
      kept.close();
      if (skipping instanceof RemainderRule r) {
        r.addSkipped(Arrays32.buffer(x), batch, ValueType.F32, Arrays32.buffer(result.head()));
      }
    }
    if (result == null && gate != null && !isAsItIs(gate)) {
      result = Dispatch.bypassed(() -> block.forward(store, inputs, false));
    }
    if (gate != null && !isAsItIs(gate) && result != null && Arrays32.isUsable(result.head())) {
      keepOutputs(result.head());
    }
    return result;
  }

  private NDArray multiply(
      NDArray x,
      int batch,
      int cols,
      PackedWeights weights,
      PackedMatrix matrix,
      ActivationRule own) {
    NDArray y =
        x.getManager().create(Arrays32.withLast(x.getShape(), weights.rows()), DataType.FLOAT32);
    ByteBuffer in = Arrays32.buffer(x);
    ByteBuffer out = Arrays32.buffer(y);
    if (own == null) {
      matrix.multiply(in, batch, weights.bias(), out);
    } else if (batch == 1 && matrix instanceof ColumnsMatrix columns) {
      int[] active = Scratch.get().active(cols);
      int count = own.keep(in.asFloatBuffer(), 0, cols, active);
      columns.multiplyActive(in, active, count, weights.bias(), out);
    } else {
      ByteBuffer kept = Scratch.get().input(Math.multiplyExact(in.limit(), 1));
      keepInputs(own, in, batch, cols, kept);
      matrix.multiply(kept, batch, weights.bias(), out);
    }
    if (own instanceof RemainderRule r) {
      r.addSkipped(in, batch, matrix.valueType(), out);
    }
    return y;
  }

  /** Copies the kept inputs of each row, zeros elsewhere. */
  private static void keepInputs(
      ActivationRule own, ByteBuffer from, int batch, int cols, ByteBuffer to) {
    FloatBuffer x = from.asFloatBuffer();
    FloatBuffer kept = to.asFloatBuffer();
    int[] active = Scratch.get().active(cols);
    for (int b = 0; b < batch; b++) {
      int base = b * cols;
      int count = own.keep(x, base, cols, active);
      for (int i = 0; i < cols; i++) {
        kept.put(base + i, 0f);
      }
      for (int i = 0; i < count; i++) {
        kept.put(base + active[i], x.get(base + active[i]));
      }
    }
  }

  /** Where only what ReLU makes zero is skipped, the block itself makes it zero. */
  private static boolean isAsItIs(ActivationRule gate) {
    return gate.isRelu() && gate.threshold().orElseThrow() == 0;
  }

  /**
   * CATS on the gate's output g: where |SiLU(g)| is not above the threshold, g becomes 0, and so
   * does SiLU(g). The same with ReLU.
   */
  private void keepOutputs(NDArray output) {
    int n = Math.toIntExact(output.size());
    FloatBuffer g = Arrays32.buffer(output).asFloatBuffer();
    FloatBuffer judged = FloatBuffer.allocate(n);
    for (int i = 0; i < n; i++) {
      judged.put(i, gate.isRelu() ? g.get(i) : silu(g.get(i)));
    }
    int[] active = Scratch.get().active(n);
    int count = gate.keep(judged, 0, n, active);
    int next = 0;
    for (int i = 0; i < n; i++) {
      if (next < count && active[next] == i) {
        next++;
      } else {
        g.put(i, 0f);
      }
    }
  }

  /** SiLU(v) = v / (1 + exp(-v)). */
  public static float silu(float v) {
    return (float) (v / (1 + Math.exp(-v)));
  }

  private ActivationRule currentRule(Binding binding, boolean sampled) {
    ActivationRule own = rule;
    if (own instanceof RemainderRule r) {
      CalibratedWeights of = r.weights();
      String why = sampled ? of.changedInSample(binding) : of.changed(binding);
      if (why != null) {
        dropRule(binding, why);
        return null;
      }
    }
    return own;
  }

  /** Compares the whole weight with that of the remainder, and drops what is stale. */
  void verifyRule(Binding binding) {
    if (rule instanceof RemainderRule r) {
      String why = r.weights().changedAnywhere(binding);
      if (why != null) {
        dropRule(binding, why);
      }
    }
  }

  private void dropRule(Binding binding, String why) {
    rule = null;
    LOG.warn(Message.FIL_0872.text(binding.path(), why));
  }

  private PackedWeights current(Binding binding, boolean sampled) {
    PackedWeights weights = packed;
    if (weights == null) {
      return null;
    }
    String why = sampled ? weights.source().changedInSample() : weights.source().changed();
    if (why != null) {
      drop(binding, why);
      return null;
    }
    return weights;
  }

  @Override
  public void verify(Binding binding) {
    verifyRule(binding);
    PackedWeights weights = packed;
    String why = weights == null ? null : weights.source().changedAnywhere();
    if (why != null) {
      drop(binding, why);
    }
  }

  @Override
  public ServingOperator withoutActivations() {
    PackedWeights weights = packed;
    return weights == null ? null : new LayerServing(weights, null, null);
  }

  @Override
  public void invalidate(Binding binding, String why) {
    if (rule instanceof RemainderRule) {
      dropRule(binding, why);
    }
    if (packed != null) {
      drop(binding, why);
    }
  }

  @Override
  public void release() {
    PackedWeights weights = packed;
    if (weights != null) {
      weights.release(null);
    }
  }

  private void drop(Binding binding, String why) {
    PackedWeights dropped = packed;
    packed = null;
    if (dropped != null) {
      dropped.release(null);
    }
    LOG.warn(Message.FIL_0302.text(binding.path(), why));
  }
}
