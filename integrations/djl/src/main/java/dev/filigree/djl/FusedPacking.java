package dev.filigree.djl;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.block.GatedFeedForward;
import dev.filigree.djl.block.SharedInput;
import dev.filigree.djl.serve.ActivationRule;
import dev.filigree.djl.serve.Activations;
import dev.filigree.djl.serve.Dispatch;
import dev.filigree.djl.serve.FusedOperator;
import dev.filigree.djl.serve.FusedServing;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.djl.serve.PromptRule;
import dev.filigree.djl.serve.RemainderRule;
import dev.filigree.gate.Gate;
import dev.filigree.gate.PairedTimer;
import dev.filigree.gate.Ratio;
import dev.filigree.gate.Timing;
import dev.filigree.kernel.Activation;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.SharedInputs;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses which blocks with sparse activations are answered whole. */
final class FusedPacking {
  private static final Logger LOG = LoggerFactory.getLogger(FusedPacking.class);

  /** Sums in another order differ by less, a forward that computes something else by more. */
  private static final double TOLERANCE = 1e-3;

  private FusedPacking() {}

  /**
   * Fuses what can be fused and, in mode AUTO, is faster.
   *
   * @return the layers that need no packed form of their own
   */
  static Set<Binding> pack(Model model, List<Integer> batches, PackOptions.Mode mode) {
    Set<Binding> served = Collections.newSetFromMap(new IdentityHashMap<>());
    if (mode == PackOptions.Mode.DENSE || batches.isEmpty() || !Dispatch.isWoven()) {
      return served;
    }
    for (Bindings.Layer block : Bindings.bind(model.getBlock()).blocks()) {
      List<Binding> layers = layers(block.block(), mode);
      FusedOperator operator = layers.isEmpty() ? null : operator(block.block(), layers);
      if (operator != null && isWhatItSays(model, block, layers, operator)) {
        Map<Integer, Boolean> byBatch = new LinkedHashMap<>();
        List<LayerSummary.Verdict> verdicts = new ArrayList<>();
        for (int batch : batches) {
          boolean fused = true;
          if (mode == PackOptions.Mode.AUTO) {
            LayerSummary.Verdict v = measure(model, block, layers, operator, batch);
            verdicts.add(v);
            fused = !v.chosen().equals("dense");
          }
          byBatch.put(batch, fused);
        }
        if (byBatch.containsValue(true)) {
          layers.forEach(l -> Verdicts.put(l, verdicts));
          block.binding().setServing(new FusedServing(layers, operator, byBatch));
          if (!byBatch.containsValue(false)) {
            served.addAll(layers);
          }
        }
      }
    }
    return served;
  }

  /** The bindings of a block's layers, where all of them can be packed; else none. */
  private static List<Binding> layers(Block block, PackOptions.Mode mode) {
    List<Binding> layers = new ArrayList<>();
    for (Block part : Bindings.parts(block)) {
      Binding b = part == null ? null : Bindings.get(part);
      if (b == null || layers.contains(b) || !Packing.isCandidate(b, mode)) {
        return List.of();
      }
      layers.add(b);
    }
    return layers;
  }

  /** What computes the block with the rules its layers have now; null where none skips anything. */
  private static FusedOperator operator(Block block, List<Binding> layers) {
    List<ActivationRule> rules = new ArrayList<>();
    for (Binding b : layers) {
      rules.add(b.serving() instanceof LayerServing s ? s.rule() : null);
    }
    if (rules.stream().anyMatch(RemainderRule.class::isInstance)) {
      return null; // nothing fused adds what factors make of skipped inputs
    }
    if (block instanceof GatedFeedForward g) {
      return feedForward(g, layers, rules);
    }
    boolean all = block instanceof SharedInput && !rules.contains(null);
    return all && layers.stream().noneMatch(Binding::skipsUnits)
        ? projections(layers, rules)
        : null;
  }

  private static FusedOperator feedForward(
      GatedFeedForward block, List<Binding> layers, List<ActivationRule> rules) {
    if (layers.stream().anyMatch(Activations::followsPrompt)) {
      return prompted(block, layers, rules);
    }
    boolean gated = layers.get(0).decidesUnits();
    if (gated) {
      boolean roles =
          layers.get(1).role() == Binding.Role.UP && layers.get(2).role() == Binding.Role.DOWN;
      boolean ready = rules.get(0) != null && rules.get(2) != null;
      boolean relu =
          layers.get(0).plan().flatMap(p -> p.activation()).orElseThrow().method()
              == ActivationMethod.RELU;
      // Thresholds of CATS and CHESS are those of SiLU.
      if (!roles || !ready || block.activation() != (relu ? Activation.RELU : Activation.SILU)) {
        return null;
      }
      return FusedOperator.gated(
          pack(layers, dev.filigree.pack.GatedFeedForward.Layout.BY_OUTPUTS, block.activation()),
          rules.get(0),
          rules.get(2));
    }
    boolean byInputs = layers.stream().noneMatch(Binding::skipsUnits);
    boolean nothing = rules.stream().allMatch(r -> r == null);
    boolean ready = layers.stream().noneMatch(FusedPacking::isWaiting);
    return !byInputs || nothing || !ready
        ? null
        : FusedOperator.active(
            pack(layers, dev.filigree.pack.GatedFeedForward.Layout.BY_INPUTS, block.activation()),
            rules.get(0),
            rules.get(1),
            rules.get(2));
  }

  /** COREINFER names the layers that the block has, and nothing else is declared on them. */
  private static FusedOperator prompted(
      GatedFeedForward block, List<Binding> layers, List<ActivationRule> rules) {
    List<Binding.Role> roles = layers.stream().map(Binding::role).toList();
    boolean alone =
        roles.equals(List.of(Binding.Role.GATE, Binding.Role.UP, Binding.Role.DOWN))
            && layers.stream().allMatch(Activations::followsPrompt)
            && layers.stream().allMatch(l -> l.group() == layers.get(0).group());
    return alone && rules.get(2) instanceof PromptRule rule
        ? FusedOperator.prompted(
            pack(layers, dev.filigree.pack.GatedFeedForward.Layout.BY_OUTPUTS, block.activation()),
            rule)
        : null;
  }

  /** Whether a layer is to skip inputs and has no rule yet. */
  private static boolean isWaiting(Binding b) {
    boolean declared =
        b.plan().flatMap(p -> p.activation()).map(a -> !a.method().skipsUnits()).orElse(false);
    return declared && !(b.serving() instanceof LayerServing s && s.rule() != null);
  }

  private static dev.filigree.pack.GatedFeedForward pack(
      List<Binding> layers,
      dev.filigree.pack.GatedFeedForward.Layout layout,
      Activation activation) {
    Shape gate = shape(layers.get(0));
    return dev.filigree.pack.GatedFeedForward.pack(
        layout,
        ValueType.F32,
        values(layers.get(0).weights().get(0)),
        values(layers.get(1).weights().get(0)),
        values(layers.get(2).weights().get(0)),
        Math.toIntExact(gate.get(1)),
        Math.toIntExact(gate.get(0)),
        Math.toIntExact(shape(layers.get(2)).get(0)),
        new dev.filigree.pack.GatedFeedForward.Biases(
            bias(layers.get(0)), bias(layers.get(1)), bias(layers.get(2))),
        activation);
  }

  private static FusedOperator projections(List<Binding> layers, List<ActivationRule> rules) {
    int inputs = Math.toIntExact(shape(layers.get(0)).get(1));
    List<ByteBuffer> weights = layers.stream().map(b -> values(b.weights().get(0))).toList();
    SharedInputs packed = SharedInputs.pack("columns", ValueType.F32, inputs, weights);
    ByteBuffer bias = null;
    for (int i = 0; i < layers.size(); i++) {
      ByteBuffer own = bias(layers.get(i));
      if (own != null) {
        bias = bias == null ? AlignedMemory.allocate(4 * packed.rows()) : bias;
        bias.put(4 * packed.start(i), own, 0, own.limit());
      }
    }
    return FusedOperator.shared(packed, bias, rules);
  }

  private static Shape shape(Binding b) {
    return b.weights().get(0).getArray().getShape();
  }

  private static ByteBuffer bias(Binding b) {
    return b.bias().filter(Parameter::isInitialized).map(FusedPacking::values).orElse(null);
  }

  private static ByteBuffer values(Parameter p) {
    ByteBuffer b = p.getArray().toByteBuffer(true).order(ByteOrder.nativeOrder());
    b.rewind();
    return b;
  }

  /** Compares the block's own forward, served layer by layer, with the operator. */
  private static boolean isWhatItSays(
      Model model, Bindings.Layer block, List<Binding> layers, FusedOperator operator) {
    FusedServing trial = new FusedServing(layers, operator, Map.of(1, true));
    try (NDManager manager = model.getNDManager().newSubManager()) {
      ParameterStore store = new ParameterStore(manager, false);
      NDList inputs = new NDList(input(manager, layers.get(0), 3));
      NDList own = block.block().forward(store, inputs, false);
      NDList fused = trial.answer(block.block(), block.binding(), store, inputs);
      double difference = own.size() == fused.size() ? 0 : Double.POSITIVE_INFINITY;
      for (int i = 0; difference == 0 && i < own.size(); i++) {
        NDArray a = own.get(i);
        NDArray b = fused.get(i);
        difference =
            a.getShape().equals(b.getShape())
                ? a.sub(b).abs().max().getFloat() / Math.max(1e-30, a.abs().max().getFloat())
                : Double.POSITIVE_INFINITY;
        difference = difference <= TOLERANCE ? 0 : difference;
      }
      if (difference == 0) {
        return true;
      }
      String what =
          block.block() instanceof GatedFeedForward
              ? GatedFeedForward.class.getSimpleName()
              : SharedInput.class.getSimpleName();
      LOG.warn(
          Message.FIL_0353.text(
              block.binding().path(), what, String.format(Locale.ROOT, "%.2g", difference)));
      return false;
    }
  }

  private static NDArray input(NDManager manager, Binding first, int batch) {
    int cols = Math.toIntExact(shape(first).get(1));
    float[] sample = first.serving() instanceof LayerServing s ? s.sampleInput() : new float[0];
    if (sample.length == 0) {
      return manager.randomNormal(new Shape(batch, cols));
    }
    float[] values = new float[Math.multiplyExact(batch, cols)];
    for (int i = 0; i < values.length; i++) {
      values[i] = sample[i % sample.length];
    }
    return manager.create(values, new Shape(batch, cols));
  }

  private static LayerSummary.Verdict measure(
      Model model, Bindings.Layer block, List<Binding> layers, FusedOperator operator, int batch) {
    FusedServing trial = new FusedServing(layers, operator, Map.of(batch, true));
    try (NDManager manager = model.getNDManager().newSubManager()) {
      ParameterStore store = new ParameterStore(manager, false);
      NDList inputs = new NDList(input(manager, layers.get(0), batch));
      Timing timing =
          PairedTimer.within(Packing.GATE_BUDGET)
              .time(
                  () ->
                      Dispatch.bypassed(() -> block.block().forward(store, inputs, false)).close(),
                  () -> trial.answer(block.block(), block.binding(), store, inputs).close());
      Ratio r = timing.ratio(0, 1);
      return new LayerSummary.Verdict(
          batch,
          Gate.sparse(r) ? "fused" : "dense",
          r.median(),
          r.p10(),
          r.p90(),
          timing.medianMicros(0),
          timing.medianMicros(1),
          Double.NaN,
          Map.of());
    }
  }
}
