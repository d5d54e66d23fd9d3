package dev.filigree.samples.digits;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.annotations.NMSparse;
import dev.filigree.annotations.Sparse;

/**
 * A digit classifier in plain DJL, [n, 784] to [n, 10] class scores. The three annotations are all
 * that makes it sparse.
 */
final class DigitClassifier extends AbstractBlock {
  @Sparse(sparsity = 0.8)
  private final Linear wide = addChildBlock("wide", Linear.builder().setUnits(2048).build());

  @NMSparse(n = 2, m = 4)
  private final Linear next = addChildBlock("next", Linear.builder().setUnits(1024).build());

  @ActivationSparse(sparsity = 0.5)
  private final Linear third = addChildBlock("third", Linear.builder().setUnits(512).build());

  private final Linear head = addChildBlock("head", Linear.builder().setUnits(10).build());

  @Override
  protected NDList forwardInternal(
      ParameterStore store, NDList x, boolean training, PairList<String, Object> params) {
    x = Activation.relu(wide.forward(store, x, training));
    x = Activation.relu(next.forward(store, x, training));
    x = Activation.relu(third.forward(store, x, training));
    return head.forward(store, x, training);
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {inputs[0].slice(0, inputs[0].dimension() - 1).add(10)};
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
    Shape[] shapes = inputs;
    for (Linear layer : new Linear[] {wide, next, third, head}) {
      layer.initialize(manager, type, shapes);
      shapes = layer.getOutputShapes(shapes);
    }
  }
}
