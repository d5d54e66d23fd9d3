package dev.filigree.djl;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.serve.Activations;
import dev.filigree.djl.serve.Dispatch;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.djl.serve.PackedWeights;
import dev.filigree.djl.train.Finish;
import dev.filigree.djl.train.Weights;
import dev.filigree.gate.Gate;
import dev.filigree.gate.PairedTimer;
import dev.filigree.gate.Ratio;
import dev.filigree.gate.Timing;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.Setting;
import dev.filigree.plan.WeightPlan;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chooses what serves each Linear: measures the packed forms against DJL's dense layer and keeps
 * the faster.
 */
final class Packing {
  private static final Logger LOG = LoggerFactory.getLogger(Packing.class);

  /** How long one layer is measured for one number of rows. */
  static final Duration GATE_BUDGET = Duration.ofMillis(400);

  private Packing() {}

  static ModelSummary pack(Model model, PackOptions options) {
    Block root = model.getBlock();
    PackOptions.Mode mode = options.mode();
    if (mode == PackOptions.Mode.AUTO && Setting.GATE.get().equals("always-sparse")) {
      mode = PackOptions.Mode.ALWAYS_SPARSE;
    }
    boolean off = mode == PackOptions.Mode.AUTO && Setting.GATE.get().equals("off");
    if (!Dispatch.isWoven()) {
      LOG.warn(Message.FIL_0208.text(1));
    }
    Finish.run(model);
    List<Bindings.Layer> layers = Bindings.bind(root).orThrow();
    unpack(layers);
    Activations.prepare(layers);
    Set<Binding> fused = off ? Set.of() : FusedPacking.pack(model, options.batchSizes(), mode);
    for (Bindings.Layer layer : layers) {
      if (!off && !fused.contains(layer.binding()) && isCandidate(layer.binding(), mode)) {
        pack(model, layer, options.batchSizes(), mode);
      }
    }
    return Summaries.of(root, layers);
  }

  /** Drops what is packed, keeping activation rules. */
  static void unpack(Model model) {
    unpack(Bindings.bind(model.getBlock()).layers());
  }

  private static void unpack(List<Bindings.Layer> layers) {
    for (Bindings.Layer layer : layers) {
      if (layer.binding().serving() instanceof LayerServing s && s.packed() != null) {
        layer.binding().setServing(s.rule() == null ? null : s.with(null));
      }
      if (layer.binding().block() != null) {
        layer.binding().block().setServing(null);
      }
      Verdicts.remove(layer.binding());
    }
  }

  static boolean isCandidate(Binding b, PackOptions.Mode mode) {
    if (!b.isPackable()) {
      return false;
    }
    Parameter weight = b.weights().get(0);
    boolean planned = b.plan().isPresent();
    if (!weight.isInitialized()) {
      if (planned) {
        throw new FiligreeException(Message.FIL_0305, b.path(), "it is not initialised");
      }
      return false;
    }
    NDArray array = weight.getArray();
    if (!Weights.isReadable(array) || array.getDevice().isGpu()) {
      if (planned) {
        LOG.warn(Message.FIL_0303.text(b.path(), array.getDataType(), array.getShape()));
      }
      return false;
    }
    return mode == PackOptions.Mode.DENSE ? array.size() >= Bindings.SMALL_LAYER : planned;
  }

  private static void pack(
      Model model, Bindings.Layer layer, List<Integer> batches, PackOptions.Mode mode) {
    Binding b = layer.binding();
    LayerServing before =
        b.serving() instanceof LayerServing s ? s : new LayerServing(null, null, null);
    Forms forms = new Forms(b.weights().get(0).getArray());
    Optional<Pattern> weights = b.plan().flatMap(p -> p.weight()).map(WeightPlan::pattern);
    boolean skips = before.skipsInputs();
    Map<Integer, PackedMatrix> chosen = new LinkedHashMap<>();
    List<LayerSummary.Verdict> verdicts = new ArrayList<>();
    for (int batch : batches) {
      List<String> candidates =
          mode == PackOptions.Mode.DENSE ? List.of("dense") : candidates(weights, skips, batch);
      if (candidates.isEmpty()) {
        return;
      }
      if (mode == PackOptions.Mode.AUTO) {
        LayerSummary.Verdict v = measure(model, layer, before, forms, candidates, batch);
        verdicts.add(v);
        chosen.put(batch, v.chosen().equals("dense") ? null : forms.get(v.chosen()));
      } else {
        chosen.put(batch, forms.get(candidates.get(0)));
      }
    }
    Verdicts.put(b, verdicts);
    b.setServing(before.with(forms.weights(b, chosen)));
  }

  /** The packed forms that are legal for a layer, the usual best one first. */
  private static List<String> candidates(Optional<Pattern> weights, boolean skips, int batch) {
    if (weights.isEmpty()) {
      return skips ? List.of("columns") : List.of();
    }
    List<String> forms = new ArrayList<>(PackedMatrices.strips(weights.get()));
    forms.addAll(batch == 1 ? List.of("sell", "bitmap", "csr") : List.of("csr"));
    if (skips) {
      forms.add("columns");
    }
    return forms;
  }

  private static LayerSummary.Verdict measure(
      Model model,
      Bindings.Layer layer,
      LayerServing before,
      Forms forms,
      List<String> candidates,
      int batch) {
    Block block = layer.block();
    Binding b = layer.binding();
    try (NDManager manager = model.getNDManager().newSubManager()) {
      ParameterStore store = new ParameterStore(manager, false);
      NDList inputs = new NDList(forms.input(manager, before.sampleInput(), batch));
      List<Runnable> sides = new ArrayList<>();
      sides.add(() -> Dispatch.bypassed(() -> block.forward(store, inputs, false)).close());
      for (String name : candidates) {
        LayerServing trial =
            before.with(forms.weights(b, Collections.singletonMap(batch, forms.get(name))));
        sides.add(() -> trial.answer(block, b, store, inputs).close());
      }
      Timing timing = PairedTimer.within(GATE_BUDGET).time(sides.toArray(Runnable[]::new));
      int fastest = 1;
      for (int i = 2; i < sides.size(); i++) {
        fastest = timing.medianMicros(i) < timing.medianMicros(fastest) ? i : fastest;
      }
      Ratio r = timing.ratio(0, fastest);
      return new LayerSummary.Verdict(
          batch,
          Gate.sparse(r) ? candidates.get(fastest - 1) : "dense",
          r.median(),
          r.p10(),
          r.p90(),
          timing.medianMicros(0),
          timing.medianMicros(fastest));
    }
  }

  /** The packed forms of one weight, each made when first asked for. */
  private static final class Forms {
    private final NDArray weight;
    private final int rows;
    private final int cols;
    private final Map<String, PackedMatrix> made = new LinkedHashMap<>();

    Forms(NDArray weight) {
      this.weight = weight;
      this.rows = Math.toIntExact(weight.getShape().get(0));
      this.cols = Math.toIntExact(weight.getShape().get(1));
    }

    PackedMatrix get(String format) {
      return made.computeIfAbsent(format, f -> PackedMatrices.of(f, values(), rows, cols));
    }

    private ByteBuffer values() {
      ByteBuffer b = weight.toByteBuffer(true).order(ByteOrder.nativeOrder());
      b.rewind();
      return b;
    }

    PackedWeights weights(Binding b, Map<Integer, PackedMatrix> byBatch) {
      return new PackedWeights(b, byBatch, rows, cols);
    }

    /** Rows seen in calibration, repeated as needed, or normal numbers where there were none. */
    NDArray input(NDManager manager, float[] sample, int batch) {
      Shape shape = new Shape(batch, cols);
      if (sample.length == 0) {
        return manager.randomNormal(shape);
      }
      float[] values = new float[Math.multiplyExact(batch, cols)];
      for (int i = 0; i < values.length; i++) {
        values[i] = sample[i % sample.length];
      }
      return manager.create(values, shape);
    }
  }
}
