package dev.filigree.djl;

import ai.djl.Model;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.serve.Activations;
import dev.filigree.djl.serve.Dispatch;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.djl.serve.PromptRule;
import dev.filigree.djl.serve.WeightForm;
import dev.filigree.djl.torch.TorchDense;
import dev.filigree.djl.train.Finish;
import dev.filigree.djl.train.Weights;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.Setting;
import dev.filigree.plan.WeightPlan;
import java.time.Duration;
import java.util.ArrayList;
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
    if (!Dispatch.isWoven() && !Setting.UNWOVEN.get().equals("ignore")) {
      LOG.warn(Message.FIL_0208.text(1));
    }
    Finish.run(model);
    List<Bindings.Layer> layers = Bindings.bind(root).orThrow();
    unpack(layers);
    Activations.dropStale(layers);
    Activations.prepare(layers);
    if (!off) {
      PackOptions effective = options.withMode(mode);
      PromptRule.assumingPrompts(() -> choose(model, layers, effective));
    }
    return Summaries.of(root, layers);
  }

  private static void choose(Model model, List<Bindings.Layer> layers, PackOptions options) {
    PackOptions.Mode mode = options.mode();
    Set<Binding> fused = FusedPacking.pack(model, options.batchSizes(), mode);
    try (LayerGate gate = LayerGate.of(model, layers, options)) {
      for (Bindings.Layer layer : layers) {
        if (!fused.contains(layer.binding()) && isCandidate(layer.binding(), mode)) {
          pack(layer, options, gate);
        }
      }
    }
    if (mode == PackOptions.Mode.AUTO) {
      WholeModel.revertWhereSlower(model, layers, options);
    }
  }

  /** Drops what is packed, keeping activation rules. */
  static void unpack(Model model) {
    unpack(Bindings.bind(model.getBlock()).layers());
  }

  private static void unpack(List<Bindings.Layer> layers) {
    for (Bindings.Layer layer : layers) {
      if (layer.binding().serving() instanceof LayerServing s && s.packed() != null) {
        layer.binding().setServing(s.rule() == null ? null : s.with(null));
        s.release();
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

  private static void pack(Bindings.Layer layer, PackOptions options, LayerGate gate) {
    Binding b = layer.binding();
    LayerServing before =
        b.serving() instanceof LayerServing s ? s : new LayerServing(null, null, null);
    Forms forms = new Forms(b);
    Optional<Pattern> weights = b.plan().flatMap(p -> p.weight()).map(WeightPlan::pattern);
    boolean skips = before.skipsInputs();
    Map<Integer, String> chosen = new LinkedHashMap<>();
    if (options.mode() == PackOptions.Mode.DENSE) {
      String dense = Forms.name("dense", type(options));
      options.batchSizes().forEach(batch -> chosen.put(batch, dense));
    } else if (weights.isEmpty() && !skips) {
      return;
    } else if (options.mode() == PackOptions.Mode.ALWAYS_SPARSE) {
      options
          .batchSizes()
          .forEach(
              batch -> {
                String usual = formats(weights, skips, batch).get(0);
                chosen.put(batch, Forms.name(usual, type(options)));
              });
    } else {
      List<String> candidates = new ArrayList<>(candidates(weights, skips, options.precision()));
      if (options.precision() == PackOptions.Precision.BF16
          && TorchDense.isPossible(forms.weight())) {
        candidates.add(TorchDense.NAME);
      }
      List<LayerSummary.Verdict> verdicts = gate.decide(b, before, forms, candidates, chosen);
      Verdicts.put(b, verdicts);
    }
    Map<Integer, WeightForm> byBatch = new LinkedHashMap<>();
    chosen.forEach((batch, form) -> byBatch.put(batch, stored(b, forms, form)));
    b.setServing(before.with(forms.weights(b, byBatch)));
    forms.closeExcept(byBatch.values());
  }

  /** Null for DJL's layer, which also serves where libtorch cannot do what it could before. */
  private static WeightForm stored(Binding b, Forms forms, String form) {
    if (form.equals(LayerGate.DJL)) {
      return null;
    }
    try {
      return forms.get(form);
    } catch (EngineException e) {
      LOG.warn(Message.FIL_0866.text(b.path(), Forms.firstLine(e)));
      return null;
    }
  }

  /** What values are where nothing is measured. */
  private static ValueType type(PackOptions options) {
    return options.precision() == PackOptions.Precision.BF16 ? ValueType.BF16 : ValueType.F32;
  }

  /**
   * The forms that are measured: the legal formats and our own dense, in every type that the
   * precision allows.
   */
  static List<String> candidates(
      Optional<Pattern> weights, boolean skips, PackOptions.Precision precision) {
    List<String> formats = new ArrayList<>(formats(weights, skips, 1));
    formats.add("dense");
    List<String> out = new ArrayList<>(formats);
    if (precision == PackOptions.Precision.BF16) {
      formats.forEach(format -> out.add(Forms.name(format, ValueType.BF16)));
    }
    return out;
  }

  /** The packed formats that are legal for a layer, the usual best one first. */
  private static List<String> formats(Optional<Pattern> weights, boolean skips, int batch) {
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
}
