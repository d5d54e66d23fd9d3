package dev.filigree.hosts;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.filigree.annotations.Sparse;

/** A block without parameters, so that its forward needs no engine. */
public final class Echo extends AbstractBlock {
  @Sparse(sparsity = 0.5)
  private final Linear unused = Linear.builder().setUnits(4).build();

  @Override
  protected NDList forwardInternal(
      ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
    if (inputs.isEmpty()) {
      throw new IllegalStateException("no inputs for a layer of " + unused.getClass());
    }
    return inputs;
  }

  @Override
  public boolean isInitialized() {
    return true;
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    return inputShapes;
  }
}
