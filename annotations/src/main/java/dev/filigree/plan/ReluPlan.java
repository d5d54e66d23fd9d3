package dev.filigree.plan;

/**
 * What is said of a feed-forward block with ReLU beyond its method.
 *
 * @param threshold gates at or below it count as zero at inference; finite, at least 0
 */
public record ReluPlan(double threshold) {
  /** ReLU itself. */
  public static final ReluPlan PLAIN = new ReluPlan(0);
}
