package dev.filigree.plan;

import dev.filigree.annotations.ActivationMethod;

/**
 * How the inputs of one layer (for CATS: the outputs of its gate) become sparse at inference.
 *
 * @param method how activations are chosen
 * @param sparsity fraction set to zero, 0 to below 1
 */
public record ActivationPlan(ActivationMethod method, double sparsity) {

  /** Short form for summaries, for example {@code teal 0.5}. */
  public String text() {
    return method.name().toLowerCase(java.util.Locale.ROOT) + " " + sparsity;
  }
}
