package dev.filigree.djl.serve;

import ai.djl.ndarray.NDArray;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.lowrank.LayerRemainder;
import dev.filigree.djl.lowrank.LowRank;
import dev.filigree.djl.lowrank.RemainderStatistics;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.plan.ActivationPlan;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** R_SPARSE in calibration: what its layers see, and what is made of it. */
final class Remainders {
  private final Map<Binding, RemainderStatistics> seen = new LinkedHashMap<>();

  /**
   * Whether a layer is to have a remainder. One with a forward of its own has none: what it
   * computes of its weights is not known.
   */
  static boolean isFor(Binding b) {
    return b.isPackable()
        && b.plan()
            .flatMap(p -> p.activation())
            .filter(a -> a.method() == ActivationMethod.R_SPARSE)
            .isPresent();
  }

  /** Takes what it needs of the inputs of such a layer. */
  void observe(Binding layer, NDArray x) {
    if (Arrays32.isUsable(layer.weights().get(0).getArray())) {
      seen.computeIfAbsent(
              layer,
              b -> new RemainderStatistics(b.path(), ForwardWeights.read(b, Remainders::norms)))
          .add(Arrays32.buffer(x).asFloatBuffer());
    }
  }

  boolean isEmpty() {
    return seen.isEmpty();
  }

  private static float[] norms(NDArray weight) {
    double[] own = Activations.columnNorms(weight);
    float[] norms = new float[own.length];
    for (int i = 0; i < norms.length; i++) {
      norms[i] = (float) own[i];
    }
    return norms;
  }

  /**
   * The rules of all layers that were reached.
   *
   * @throws dev.filigree.plan.FiligreeException for weights that are not finite, as for packing
   */
  Map<Binding, RemainderRule> rules() {
    Map<Binding, ByteBuffer> weights = new LinkedHashMap<>();
    seen.keySet().forEach(b -> weights.put(b, ForwardWeights.read(b, Remainders::copy)));
    Map<Binding, RemainderRule> out = Collections.synchronizedMap(new IdentityHashMap<>());
    weights.entrySet().stream()
        .parallel()
        .forEach(e -> out.put(e.getKey(), rule(e.getKey(), e.getValue())));
    return out;
  }

  private static ByteBuffer copy(NDArray weight) {
    ByteBuffer from = Arrays32.buffer(weight);
    int rows = Math.toIntExact(weight.getShape().get(0));
    int cols = Math.toIntExact(weight.getShape().get(1));
    PackedMatrices.requireFinite(from, rows, cols);
    ByteBuffer to = AlignedMemory.allocate(from.limit());
    to.put(0, from, 0, from.limit());
    return to;
  }

  private RemainderRule rule(Binding b, ByteBuffer weights) {
    double sparsity =
        b.plan().flatMap(p -> p.activation()).map(ActivationPlan::sparsity).orElseThrow();
    int inputs = Math.toIntExact(b.weights().get(0).getArray().getShape().get(1));
    int outputs = weights.limit() / 4 / inputs;
    LayerRemainder found =
        seen.get(b).find(new LowRank(weights.asFloatBuffer(), outputs, inputs), sparsity);
    return new RemainderRule(found.remainder(), found.threshold(), weights);
  }
}
