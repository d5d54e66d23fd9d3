package dev.filigree.schedule;

import dev.filigree.plan.ReluPlan;
import java.util.Arrays;

/**
 * The factor of ProSparse's regulariser at every optimizer step (Song et al. 2024): constant in the
 * first stage, then from one stage's factor to the next on half a sine. Steps count from 0.
 * Immutable.
 */
public final class HalfSineStages {
  private final double[] factors;
  // In steps, not rounded.
  private final double[] ends;

  private HalfSineStages(double[] factors, double[] ends) {
    this.factors = factors;
    this.ends = ends;
  }

  /**
   * The stages of a legal plan.
   *
   * @param plannedSteps optimizer steps of the whole training, for stages in fractions; below 1 for
   *     unknown, and then the first of several such stages does not end
   */
  public static HalfSineStages of(ReluPlan plan, long plannedSteps) {
    int stages = plan.lambda().size();
    double[] factors = plan.lambda().stream().mapToDouble(Double::doubleValue).toArray();
    double[] ends = new double[stages];
    for (int i = 0; i < stages; i++) {
      ends[i] = plan.end().isEmpty() ? (i + 1) / (double) stages : plan.end().get(i);
    }
    if (plan.isFractional()) {
      double steps = plannedSteps < 1 ? Double.POSITIVE_INFINITY : plannedSteps;
      Arrays.setAll(ends, i -> ends[i] * steps);
    }
    return new HalfSineStages(factors, ends);
  }

  /** The factor at a step; 0 without stages. */
  public double at(long step) {
    if (factors.length == 0 || factors.length == 1 || step < ends[0]) {
      return factors.length == 0 ? 0 : factors[0];
    }
    for (int i = 1; i < factors.length; i++) {
      if (step < ends[i]) {
        double u = (step - ends[i - 1]) / (ends[i] - ends[i - 1]);
        double way = factors[i] - factors[i - 1];
        return factors[i - 1] + way * (StrictMath.sin(Math.PI * (u - 0.5)) + 1) / 2;
      }
    }
    return factors[factors.length - 1];
  }
}
