package dev.filigree.schedule;

import dev.filigree.annotations.ScheduleKind;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.SchedulePlan;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/**
 * The sparsity in force at every optimizer step, and the steps at which masks are chosen anew.
 * Steps count from 0. Immutable.
 *
 * <p>Values are exact decimals rounded once, so that floor(n * s_t) is not short by one: the ramp
 * to 0.5 over 10 steps has s_2 = 0.244, not 0.24399999999999999.
 */
public final class SparsityRamp {
  // Exponents that are taken exactly; higher or fractional ones go through StrictMath.
  private static final int EXACT_POWERS = 16;

  private final SchedulePlan plan;
  private final double initial;
  private final double target;
  private final long start;
  private final long end;

  private SparsityRamp(SchedulePlan plan, double initial, double target, long start, long end) {
    this.plan = plan;
    this.initial = initial;
    this.target = target;
    this.start = start;
    this.end = end;
  }

  /**
   * A ramp from no sparsity.
   *
   * @param target declared sparsity, 0 to below 1
   * @param plannedSteps optimizer steps of the whole training; used where start and end are
   *     fractions. A fraction f is step floor(f * plannedSteps), at most the last step, so that end
   *     = 1 reaches the target in the last step
   * @throws FiligreeException FIL-0217 where the plan needs planned steps and there are none
   */
  public static SparsityRamp of(SchedulePlan plan, double target, long plannedSteps) {
    return of(plan, 0, target, plannedSteps);
  }

  /** A ramp from a sparsity that is there already, for example of a model pruned before. */
  public static SparsityRamp of(
      SchedulePlan plan, double initial, double target, long plannedSteps) {
    long start = step(plan, plan.start(), plannedSteps);
    boolean once = plan.kind() == ScheduleKind.ONE_SHOT;
    long end = once ? start : Math.max(start, step(plan, plan.end(), plannedSteps));
    return new SparsityRamp(plan, initial, target, start, end);
  }

  private static long step(SchedulePlan plan, double at, long plannedSteps) {
    if (!plan.isFractional()) {
      return (long) at;
    }
    if (at == 0) {
      return 0;
    }
    if (plannedSteps < 1) {
      throw new FiligreeException(Message.FIL_0217, plannedSteps);
    }
    long step =
        BigDecimal.valueOf(at)
            .multiply(BigDecimal.valueOf(plannedSteps))
            .setScale(0, RoundingMode.FLOOR)
            .longValueExact();
    return Math.min(step, plannedSteps - 1);
  }

  /** First step at which weights are removed. */
  public long start() {
    return start;
  }

  /** First step at which the target holds. */
  public long end() {
    return end;
  }

  /**
   * The sparsity after the update of a step: the initial one before the start, the target exactly
   * from the end on.
   */
  public double at(long step) {
    if (step < start) {
      return initial;
    }
    if (step >= end) {
      return target;
    }
    return switch (plan.kind()) {
      case ONE_SHOT, CONSTANT -> target;
      case LINEAR -> ramp(step, 1);
      case CUBIC -> ramp(step, plan.power());
    };
  }

  // target - (target - initial) * (share of the window still to come)^power
  private double ramp(long step, double power) {
    long left = end - step;
    long window = end - start;
    int whole = (int) power;
    BigDecimal to = BigDecimal.valueOf(target);
    BigDecimal way = to.subtract(BigDecimal.valueOf(initial));
    if (whole == power && whole <= EXACT_POWERS) {
      BigDecimal missing =
          way.multiply(BigDecimal.valueOf(left).pow(whole))
              .divide(BigDecimal.valueOf(window).pow(whole), MathContext.DECIMAL128);
      return to.subtract(missing).doubleValue();
    }
    double missing = way.doubleValue() * StrictMath.pow(left / (double) window, power);
    return target - missing;
  }

  /**
   * Whether the mask is chosen anew at a step: at the start, every {@code every} steps after it,
   * and at the end. One-shot masks are chosen once.
   */
  public boolean updatesAt(long step) {
    if (step == start || step == end) {
      return true;
    }
    return step > start && step < end && (step - start) % plan.every() == 0;
  }
}
