package dev.filigree.djl.bind;

import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;

/** Answers a layer's forward at inference. */
public interface ServingOperator {

  /** The result on the input's manager, or null to let the layer run as it is. */
  NDList answer(Block block, Binding binding, ParameterStore store, NDList inputs);

  /**
   * Compares the whole parameter with what was packed and drops what is stale; called when a
   * predictor is made.
   */
  void verify(Binding binding);

  /** The same without activation rules, or null where nothing is left to do. */
  ServingOperator withoutActivations();

  /** The layer's parameters were or will be changed; nothing packed may be served any more. */
  void invalidate(Binding binding, String why);

  /** Nothing is served by it any more: frees what the garbage collector would not see in time. */
  default void release() {}
}
