package dev.filigree.djl.serve;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.calibrate.ChannelThresholds;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.block.GatedFeedForward;
import dev.filigree.djl.block.SharedInput;
import dev.filigree.plan.ActivationPlan;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * WINA_THRESHOLD in calibration: the inputs of its layers, weighed by their columns. Layers of a
 * block that says that they share their input, and that have the same sparsity, are weighed by the
 * columns of all of them, one above the other; they then have the same thresholds.
 */
final class WeighedInputs {
  private final Map<Binding, ChannelThresholds> seen = new IdentityHashMap<>();
  private final Map<Binding, List<Binding>> sharing = new IdentityHashMap<>();

  WeighedInputs(List<Bindings.Layer> blocks) {
    for (Bindings.Layer block : blocks) {
      List<Binding> layers = sharing(block.block());
      if (layers.stream().map(WeighedInputs::sparsity).distinct().count() == 1) {
        layers.forEach(b -> sharing.put(b, layers));
      }
    }
  }

  /** The layers of a block that receive the same input; none where one of them is not bound. */
  private static List<Binding> sharing(Block block) {
    List<Block> parts =
        block instanceof GatedFeedForward g
            ? Arrays.asList(g.gate(), g.up())
            : block instanceof SharedInput s ? s.projections() : List.of();
    List<Binding> layers =
        parts.stream()
            .map(part -> part == null ? null : Bindings.get(part))
            .filter(b -> b != null && isFor(b))
            .toList();
    return layers.size() == parts.size() ? layers : List.of();
  }

  /** Whether thresholds of a layer come from here. */
  static boolean isFor(Binding b) {
    return b.isPackable() && sparsity(b).isPresent();
  }

  private static Optional<Double> sparsity(Binding b) {
    return b.plan()
        .flatMap(p -> p.activation())
        .filter(a -> a.method() == ActivationMethod.WINA_THRESHOLD)
        .map(ActivationPlan::sparsity);
  }

  /** Takes what it needs of the inputs of such a layer. */
  void observe(Binding layer, NDArray x) {
    if (Arrays32.isUsable(layer.weights().get(0).getArray())) {
      seen.computeIfAbsent(layer, b -> ChannelThresholds.ofInputs(b.path(), norms(b)))
          .add(Arrays32.buffer(x).asFloatBuffer());
    }
  }

  private double[] norms(Binding layer) {
    double[] squares = new double[0];
    for (Binding b : sharing.getOrDefault(layer, List.of(layer))) {
      double[] own = ForwardWeights.read(b, Activations::columnNorms);
      squares = squares.length == 0 ? new double[own.length] : squares;
      for (int i = 0; i < own.length; i++) {
        squares[i] += own[i] * own[i];
      }
    }
    for (int i = 0; i < squares.length; i++) {
      squares[i] = Math.sqrt(squares[i]);
    }
    return squares;
  }

  boolean isEmpty() {
    return seen.isEmpty();
  }

  /** The rules of all layers that were reached. */
  Map<Binding, ActivationRule> rules() {
    Map<Binding, ActivationRule> rules = new IdentityHashMap<>();
    seen.forEach(
        (b, thresholds) ->
            rules.put(b, ActivationRule.above(thresholds.thresholds(sparsity(b).orElseThrow()))));
    return rules;
  }
}
