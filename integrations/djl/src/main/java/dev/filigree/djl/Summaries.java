package dev.filigree.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.bind.LayerKind;
import dev.filigree.djl.serve.Activations;
import dev.filigree.djl.serve.FusedServing;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.djl.serve.PackedWeights;
import dev.filigree.djl.serve.RemainderRule;
import dev.filigree.djl.serve.WeightForm;
import dev.filigree.djl.torch.TorchDense;
import dev.filigree.djl.train.Weights;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.plan.LayerPlan;
import dev.filigree.plan.Message;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Describes bound layers for people. */
final class Summaries {
  private Summaries() {}

  static ModelSummary of(Block root, List<Bindings.Layer> layers) {
    List<LayerSummary> out = new ArrayList<>();
    for (Bindings.Layer layer : layers) {
      out.add(of(layer.binding()));
    }
    long bound = out.stream().filter(l -> !l.plan().isEmpty()).count();
    String rest =
        out.stream()
            .filter(l -> l.plan().isEmpty() && !l.reason().isEmpty())
            .map(l -> l.path() + " skipped (" + l.reason() + ")")
            .collect(Collectors.joining(", "));
    String what =
        out.stream()
            .filter(l -> !l.plan().isEmpty())
            .map(l -> l.path() + " " + l.plan())
            .collect(Collectors.joining(", "));
    String all = rest.isEmpty() ? what : what.isEmpty() ? rest : what + "; " + rest;
    return new ModelSummary(
        out, Message.FIL_0201.text(bound, out.size(), root.getClass().getSimpleName(), all));
  }

  private static LayerSummary of(Binding b) {
    long rows = 0;
    long cols = 0;
    long size = 0;
    long zeros = 0;
    for (Parameter p : b.weights()) {
      Shape shape = p.getShape();
      if (shape != null) {
        rows = shape.get(0);
        cols = shape.size() / rows;
        size += shape.size();
      }
      if (p.isInitialized() && Weights.isReadable(p.getArray())) {
        zeros += zeros(p.getArray());
      }
    }
    LayerServing serving = b.serving() instanceof LayerServing s ? s : null;
    PackedWeights packed = serving == null ? null : serving.packed();
    FusedServing fused = fused(b);
    long dense = size * 4;
    if (packed != null && b.weights().stream().noneMatch(Parameter::isInitialized)) {
      // Served from a file, which has packed matrices only.
      PackedMatrix any = PackedModel.served(b);
      rows = any.rows();
      cols = any.cols();
      size = rows * cols;
      dense = size * 4;
      zeros = size - any.nonZeros();
    }
    return new LayerSummary(
        b.path(),
        b.type(),
        b.plan().map(LayerPlan::text).orElse(""),
        rows,
        cols,
        size == 0 ? 0 : zeros / (double) size,
        fused == null ? format(packed) : fused.format(),
        dense,
        fused != null
            ? fused.bytes(b)
            : packed == null
                ? dense
                : packed.forms().stream().mapToLong(f -> bytes(f, serving)).min().orElse(dense),
        Verdicts.of(b),
        serving == null || serving.rule() == null ? Double.NaN : serving.rule().realised(),
        b.packedForwards().sum(),
        fused == null ? reason(b, packed) : b.reason());
  }

  /** Bytes of a form, and of the factors that serve with it. */
  private static long bytes(WeightForm form, LayerServing serving) {
    return form instanceof WeightForm.Packed p && serving.rule() instanceof RemainderRule r
        ? form.bytes() + r.remainder().bytes(p.matrix().valueType())
        : form.bytes();
  }

  /** What answers the whole block the layer is a part of, or null. */
  private static FusedServing fused(Binding b) {
    return FusedServing.serves(b) ? (FusedServing) b.block().serving() : null;
  }

  private static String format(PackedWeights packed) {
    if (packed == null) {
      return "dense";
    }
    Map<String, Boolean> names = new LinkedHashMap<>();
    packed.byBatch().values().forEach(m -> names.put(name(m), true));
    return String.join("+", names.keySet());
  }

  /** The name of a form in summaries: our own dense is told apart from DJL's. */
  static String name(WeightForm form) {
    if (form instanceof WeightForm.Packed p) {
      String format = p.matrix().format();
      return Forms.name(format.equals("dense") ? "dense-java" : format, p.matrix().valueType());
    }
    return form == null ? "dense" : TorchDense.NAME;
  }

  private static String reason(Binding b, PackedWeights packed) {
    if (!b.reason().isEmpty() || b.plan().isEmpty() || packed != null) {
      return b.reason();
    }
    if (b.kind() != LayerKind.LINEAR) {
      return b.kind() == LayerKind.CONVOLUTION
          ? "convolutions run masked dense"
          : "recurrent layers run masked dense";
    }
    if (Activations.isUncalibrated(b)) {
      return "activation threshold not calibrated";
    }
    if ((b.skipsUnits() || Activations.followsPrompt(b)) && b.role() != Binding.Role.DOWN) {
      String method = b.plan().get().activation().map(a -> a.method().name()).orElse("");
      return method + " outside a fused block: exact, not faster here";
    }
    return b.isPackable() ? "not packed" : "a subclass of Linear has a forward of its own";
  }

  private static long zeros(NDArray weight) {
    long[] count = {0};
    Weights.read(
        weight,
        w -> {
          for (int i = w.position(); i < w.limit(); i++) {
            count[0] += w.get(i) == 0f ? 1 : 0;
          }
        });
    return count[0];
  }

  /** The largest layers that could be annotated, for messages. */
  static String candidates(List<Bindings.Layer> layers) {
    String names =
        layers.stream()
            .map(Bindings.Layer::binding)
            .filter(b -> b.kind().isMaskable())
            .limit(5)
            .map(b -> b.path() + " (" + b.type() + ")")
            .collect(Collectors.joining(", "));
    return names.isEmpty() ? "none" : names;
  }
}
