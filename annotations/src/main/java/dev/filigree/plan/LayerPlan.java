package dev.filigree.plan;

import java.util.Optional;

/**
 * Everything one layer is asked to do.
 *
 * @param weight sparsity of the weights, if any
 * @param activation sparsity of the activations, if any
 * @param origin where it was declared, for messages
 */
public record LayerPlan(
    Optional<WeightPlan> weight, Optional<ActivationPlan> activation, String origin) {

  /** A plan for the weights only. */
  public static LayerPlan of(WeightPlan weight, String origin) {
    return new LayerPlan(Optional.of(weight), Optional.empty(), origin);
  }

  /** A plan for the activations only. */
  public static LayerPlan of(ActivationPlan activation, String origin) {
    return new LayerPlan(Optional.empty(), Optional.of(activation), origin);
  }

  /** The same with another plan for the activations. */
  public LayerPlan withActivation(ActivationPlan other) {
    return new LayerPlan(weight, Optional.of(other), origin);
  }

  /** Short form for summaries. */
  public String text() {
    String w = weight.map(WeightPlan::text).orElse("");
    String a = activation.map(ActivationPlan::text).orElse("");
    return w.isEmpty() || a.isEmpty() ? w + a : w + " + " + a;
  }
}
