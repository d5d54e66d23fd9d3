package dev.filigree.plan;

import dev.filigree.annotations.ActivationMethod;

/**
 * How the inputs of one layer (for CATS: the outputs of its gate) become sparse at inference.
 *
 * @param method how activations are chosen
 * @param sparsity fraction set to zero, 0 to below 1; NaN for RELU, which does not choose it
 * @param relu for RELU; for other methods {@link ReluPlan#PLAIN}
 */
public record ActivationPlan(ActivationMethod method, double sparsity, ReluPlan relu) {

  /** A method other than RELU. */
  public ActivationPlan(ActivationMethod method, double sparsity) {
    this(method, sparsity, ReluPlan.PLAIN);
  }

  /** The same with another threshold or regulariser. */
  public ActivationPlan withRelu(ReluPlan other) {
    return new ActivationPlan(method, sparsity, other);
  }

  /** Short form for summaries, for example {@code teal 0.5}. */
  public String text() {
    String name = ActivationRule.noun(method);
    if (method != ActivationMethod.RELU) {
      return name + " " + sparsity;
    }
    String above = relu.threshold() == 0 ? "" : " above " + relu.threshold();
    String lambda = String.join(", ", relu.lambda().stream().map(String::valueOf).toList());
    return name + above + (lambda.isEmpty() ? "" : " (lambda " + lambda + ")");
  }
}
