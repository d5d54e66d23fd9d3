package dev.filigree.hosts;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.filigree.annotations.Sparse;

/** An annotated block of two layers; each line of output names what happened. */
public final class TinyNet extends AbstractBlock {
  @Sparse(sparsity = 0.5)
  private final Linear wide = addChildBlock("wide", Linear.builder().setUnits(64).build());

  private final Linear out = addChildBlock("out", Linear.builder().setUnits(3).build());

  @Override
  protected NDList forwardInternal(
      ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
    return out.forward(store, wide.forward(store, inputs, training, params), training, params);
  }

  /** Overrides the overload with labels as EncoderDecoder does, and calls super. */
  @Override
  public NDList forward(
      ParameterStore store, NDList data, NDList labels, PairList<String, Object> params) {
    return super.forward(store, data, labels, params);
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    return out.getOutputShapes(wide.getOutputShapes(inputShapes));
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputShapes) {
    wide.initialize(manager, type, inputShapes);
    out.initialize(manager, type, wide.getOutputShapes(inputShapes));
  }
}
