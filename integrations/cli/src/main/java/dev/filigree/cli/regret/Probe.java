package dev.filigree.cli.regret;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.PairList;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.Sparse;
import dev.filigree.cli.bench.LayerSpec;
import dev.filigree.cli.bench.SeededWeights;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.train.Weights;
import dev.filigree.plan.ActivationPlan;
import dev.filigree.plan.LayerPlan;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * One layer in a model that is large otherwise, so that the gate measures it as it would be met
 * there: its weights out of the cache.
 */
final class Probe extends AbstractBlock {
  private static final int OTHER_INPUTS = 1024;

  /** What is declared here is replaced by what the case asks for. */
  @Sparse(sparsity = 0.5)
  private final Linear layer;

  /** The rest of the model; never computed. */
  private final Linear others;

  private final LayerSpec spec;

  Probe(LayerSpec spec, Linear others) {
    this.spec = spec;
    this.layer = addChildBlock("layer", Linear.builder().setUnits(spec.rows()).build());
    this.others = addChildBlock("others", others);
    setInitializer(Initializer.ZEROS, Parameter.Type.WEIGHT);
  }

  /** A layer of about so many bytes, all zero. */
  static Linear others(NDManager manager, long bytes) {
    Linear others =
        Linear.builder()
            .setUnits(Math.max(1, bytes / Float.BYTES / OTHER_INPUTS))
            .optBias(false)
            .build();
    others.setInitializer(Initializer.ZEROS, Parameter.Type.WEIGHT);
    others.initialize(manager, DataType.FLOAT32, new Shape(1, OTHER_INPUTS));
    return others;
  }

  /** Declares what the case asks for and fills in the weights. */
  Binding prepare(NDManager manager, ByteBuffer weights) {
    layer.initialize(manager, DataType.FLOAT32, new Shape(spec.batch(), spec.cols()));
    Weights.write(weight(), weights.asFloatBuffer());
    LayerPlan plan = new LayerPlan(spec.plan(), activation(), "bench");
    Bindings.bind(this, declared -> plan).orThrow();
    return Bindings.get(layer);
  }

  /** The weights of a case [outputs][inputs], with their zeros. */
  static ByteBuffer weights(LayerSpec spec) {
    return SeededWeights.of(spec).get(0);
  }

  private Optional<ActivationPlan> activation() {
    return spec.activationSparsity() == 0
        ? Optional.empty()
        : Optional.of(new ActivationPlan(ActivationMethod.TOP_K, spec.activationSparsity()));
  }

  /** The layer's weight array. */
  NDArray weight() {
    return layer.getParameters().get("weight").getArray();
  }

  /** The layer's bias array. */
  NDArray bias() {
    return layer.getParameters().get("bias").getArray();
  }

  /** Frees the layer's arrays; the rest of the model is shared. */
  void free() {
    layer.clear();
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
    return layer.forward(store, inputs, training);
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return layer.getOutputShapes(inputs);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
    layer.initialize(manager, type, inputs);
    others.initialize(manager, type, new Shape(1, OTHER_INPUTS));
  }
}
