package dev.filigree.djl;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;

/** Makes inputs of a whole model. */
@FunctionalInterface
public interface ModelInput {

  /**
   * One input.
   *
   * @param manager what its arrays belong to
   * @param batch how many rows a forward takes, at least 1
   */
  NDList of(NDManager manager, int batch);
}
