package dev.filigree.plan;

import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;

/**
 * How the weights of one layer become sparse.
 *
 * @param pattern what is removed as one unit
 * @param sparsity fraction removed, 0 to below 1; for N:M it is 1 - n/m
 * @param criterion how weights are ranked
 * @param scope over what the share is counted; never {@code DEFAULT}
 * @param training how removed weights are treated while training
 * @param lambda pull to zero of SR-STE
 * @param schedule when the sparsity is reached
 */
public record WeightPlan(
    Pattern pattern,
    double sparsity,
    Criterion criterion,
    Scope scope,
    Training training,
    double lambda,
    SchedulePlan schedule) {

  /** Unstructured magnitude pruning at the given sparsity, counted per row, hard masks, no ramp. */
  public static WeightPlan unstructured(double sparsity) {
    return new WeightPlan(
        new Pattern.Unstructured(),
        sparsity,
        Criterion.MAGNITUDE,
        Scope.ROW,
        Training.HARD,
        0,
        SchedulePlan.oneShot());
  }

  /** Magnitude n:m, hard masks, no ramp. */
  public static WeightPlan nm(int n, int m) {
    return new WeightPlan(
        new Pattern.NM(n, m),
        1 - n / (double) m,
        Criterion.MAGNITUDE,
        Scope.ROW,
        Training.HARD,
        0,
        SchedulePlan.oneShot());
  }

  /** The same plan with another criterion. */
  public WeightPlan withCriterion(Criterion other) {
    return new WeightPlan(pattern, sparsity, other, scope, training, lambda, schedule);
  }

  /** The same plan with another schedule. */
  public WeightPlan withSchedule(SchedulePlan other) {
    return new WeightPlan(pattern, sparsity, criterion, scope, training, lambda, other);
  }

  /** Short form for summaries, for example {@code unstructured 0.8} or {@code 2:4}. */
  public String text() {
    return pattern instanceof Pattern.NM ? pattern.text() : pattern.text() + " " + sparsity;
  }
}
