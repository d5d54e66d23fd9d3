package dev.filigree.calibrate;

import dev.filigree.plan.PlanRules;
import java.util.Arrays;

/**
 * Shares out the sparsity of a block among its projections: Liu et al., "Training-Free Activation
 * Sparsity in Large Language Models" (TEAL, 2024), algorithm 1. All begin without any. Then again
 * and again that projection takes one step which changes the block's output least by it, until the
 * block as a whole is as sparse as wanted. A step is the same number of weights for all of them, so
 * a projection with fewer weights takes a longer one.
 *
 * <p>A projection that would go beyond {@value #MOST} does not take its step: without any input it
 * would compute nothing.
 */
public final class GreedySparsities {
  /** The most that one projection may lose of its inputs. */
  public static final double MOST = PlanRules.GREEDY_MOST;

  private GreedySparsities() {}

  /** How far the block's output is from the dense one. */
  @FunctionalInterface
  public interface OutputError {
    /**
     * @param sparsities of the projections, each from 0 to the most that is allowed; not kept
     * @return any measure that grows with the error
     */
    double of(double[] sparsities);
  }

  /**
   * The share of the block's weights that every projection has; they sum to 1.
   *
   * @param weights how many it has, above 0
   */
  public static double[] shares(double... weights) {
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).map(w -> w / sum).toArray();
  }

  /**
   * The sparsities of the projections. Weighted by the shares their sum is at most half a step from
   * what is wanted, unless no projection may take a step any more; then it is less.
   *
   * @param shares of the block's weights, see {@link #shares}
   * @param step share of the block's weights that is skipped more with every step, above 0
   * @param most the most that one projection may lose, {@value #MOST} in general
   * @param wanted sparsity of the block, 0 to below 1
   * @param error asked once for every step that a projection might take; of equal ones the first
   *     projection wins, and one whose error is not a number takes no step
   */
  public static double[] search(
      double[] shares, double step, double most, double wanted, OutputError error) {
    double[] sparsity = new double[shares.length];
    double reached = 0;
    while (reached < wanted - step / 2) {
      int best = -1;
      double least = Double.POSITIVE_INFINITY;
      for (int p = 0; p < shares.length; p++) {
        double[] tried = sparsity.clone();
        tried[p] += step / shares[p];
        if (tried[p] > most) {
          continue;
        }
        double e = error.of(tried);
        if (e < least) {
          least = e;
          best = p;
        }
      }
      if (best < 0) {
        break; // every projection is as sparse as it may be
      }
      sparsity[best] += step / shares[best];
      reached += step;
    }
    return sparsity;
  }
}
