package dev.filigree.djl.prune;

import ai.djl.Model;

/** Says how good a model is; lower is better. */
@FunctionalInterface
public interface ModelFitness {

  /**
   * @param model with the weights to judge; not to be changed
   * @param data to judge it on
   * @return not NaN; for example a loss, or 1 - accuracy
   */
  double of(Model model, Samples data);
}
