package dev.filigree.djl.bind;

import ai.djl.training.ParameterStore;

/** Weights of a straight-through method: the parameter holds more than the forward pass may see. */
public interface LatentWeights {

  /**
   * A store whose values of this layer's weights are the masked ones; everything else is the given
   * store's.
   */
  ParameterStore view(ParameterStore store);

  /**
   * A forward pass at inference starts to use masked values; they stay open until as many {@link
   * #release} calls.
   */
  void hold();

  /** A forward pass that called {@link #hold} ended. */
  void release();
}
