package dev.filigree.plan;

import java.util.List;

/**
 * What is said of a feed-forward block with ReLU beyond its method. Immutable.
 *
 * @param threshold gates at or below it count as zero at inference; finite, at least 0
 * @param lambda the factor of ProSparse's regulariser in every stage; empty for none. What it
 *     multiplies is said at {@link dev.filigree.annotations.ActivationSparse#lambda}
 * @param end where every stage ends, in fractions of the planned training or in optimizer steps;
 *     empty for stages of the same length
 */
public record ReluPlan(double threshold, List<Double> lambda, List<Double> end) {
  /** ReLU itself, trained as it is. */
  public static final ReluPlan PLAIN = new ReluPlan(0, List.of(), List.of());

  /** Copies. */
  public ReluPlan {
    lambda = List.copyOf(lambda);
    end = List.copyOf(end);
  }

  /** The same with another threshold. */
  public ReluPlan withThreshold(double t) {
    return new ReluPlan(t, lambda, end);
  }

  /** The same with another regulariser, in stages of the same length. */
  public ReluPlan withLambda(double... factors) {
    return new ReluPlan(threshold, java.util.Arrays.stream(factors).boxed().toList(), List.of());
  }

  /** The same with other ends of the stages. */
  public ReluPlan withEnd(double... ends) {
    return new ReluPlan(threshold, lambda, java.util.Arrays.stream(ends).boxed().toList());
  }

  /** Whether training has a regulariser. */
  public boolean isRegularised() {
    return !lambda.isEmpty();
  }

  /** Whether the ends of stages are in fractions, so that the length of the training matters. */
  public boolean isFractional() {
    return lambda.size() > 1 && end.stream().allMatch(e -> e <= 1);
  }
}
