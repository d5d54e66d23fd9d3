package dev.filigree.djl;

import java.util.List;

/**
 * What Filigree does with a model.
 *
 * @param layers every layer that has a weight, in the order of the model
 * @param line one line: bound, skipped and why
 */
public record ModelSummary(List<LayerSummary> layers, String line) {

  /** Layers that a plan was bound to. */
  public long bound() {
    return layers.stream().filter(l -> !l.plan().isEmpty()).count();
  }
}
