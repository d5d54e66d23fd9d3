package dev.filigree.criterion;

import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.SchedulePlan;
import dev.filigree.plan.WeightPlan;
import java.util.Locale;
import java.util.Optional;

/**
 * How layers are pruned at once.
 *
 * @param method how weights are ranked, and whether the rest is updated
 * @param pattern what is removed as a whole
 * @param sparsity fraction removed, 0 to below 1; for N:M it follows from the pattern
 * @param scope over what it is counted; never {@code DEFAULT}
 * @param seed for RANDOM
 * @param refinement swaps that follow the choice, if any
 */
public record OneShotPlan(
    OneShotMethod method,
    Pattern pattern,
    double sparsity,
    Scope scope,
    long seed,
    Optional<Dsnot> refinement) {

  /**
   * Checks what goes together.
   *
   * @throws FiligreeException FIL-0101 for the sparsity, FIL-0102 for N:M, FIL-0421 for a method
   *     that is not defined for the pattern or the scope
   */
  public OneShotPlan {
    if (pattern instanceof Pattern.NM nm) {
      if (nm.m() < 1 || nm.n() < 1 || nm.n() > nm.m()) {
        throw new FiligreeException(Message.FIL_0102, nm.n(), nm.m(), nm.n() < 1 ? 1 : nm.m());
      }
      sparsity = 1 - nm.n() / (double) nm.m();
    }
    if (!(sparsity >= 0 && sparsity < 1)) {
      throw new FiligreeException(Message.FIL_0101, sparsity, sparsity >= 1 ? "0.99" : "0.0");
    }
    if (scope == Scope.DEFAULT) {
      scope = method.defaultScope(pattern);
    }
    if (!method.supports(pattern, scope)) {
      throw new FiligreeException(
          Message.FIL_0421,
          method.label(),
          text(pattern, scope),
          "unstructured counted by row or layer, and N:M");
    }
    if (refinement.isPresent() && !Dsnot.supports(pattern)) {
      throw new FiligreeException(
          Message.FIL_0421, "dsnot", text(pattern, scope), "unstructured and N:M");
    }
  }

  /** A plan in the method's default scope, seed 0, without refinement. */
  public static OneShotPlan of(OneShotMethod method, Pattern pattern, double sparsity) {
    return new OneShotPlan(method, pattern, sparsity, Scope.DEFAULT, 0, Optional.empty());
  }

  /** The same counted over another scope. */
  public OneShotPlan withScope(Scope other) {
    return new OneShotPlan(method, pattern, sparsity, other, seed, refinement);
  }

  /** The same at another sparsity. */
  public OneShotPlan withSparsity(double other) {
    return new OneShotPlan(method, pattern, other, scope, seed, refinement);
  }

  /** The same with another seed. */
  public OneShotPlan withSeed(long other) {
    return new OneShotPlan(method, pattern, sparsity, scope, other, refinement);
  }

  /** The same followed by DSnoT. */
  public OneShotPlan refinedBy(Dsnot swaps) {
    return new OneShotPlan(method, pattern, sparsity, scope, seed, Optional.of(swaps));
  }

  /** Whether statistics of the inputs are needed. */
  public boolean needsInputs() {
    return method.needsInputs() || refinement.isPresent();
  }

  /** Pattern, count and scope, as the mask selection takes them. */
  WeightPlan selection() {
    return new WeightPlan(
        pattern, sparsity, Criterion.MAGNITUDE, scope, Training.HARD, 0, SchedulePlan.oneShot());
  }

  private static String text(Pattern pattern, Scope scope) {
    return pattern instanceof Pattern.NM
        ? pattern.text()
        : pattern.text() + " counted by " + scope.name().toLowerCase(Locale.ROOT);
  }
}
