package dev.filigree.plan;

import dev.filigree.annotations.ScheduleKind;

/**
 * A sparsity ramp as declared.
 *
 * @param kind the shape
 * @param start first step, or fraction of the planned steps
 * @param end step (or fraction) from which the declared sparsity holds exactly
 * @param every steps between two choices of the mask
 * @param power exponent of the cubic ramp
 */
public record SchedulePlan(ScheduleKind kind, double start, double end, int every, double power) {

  /** The declared sparsity at once, one mask for ever. */
  public static SchedulePlan oneShot() {
    return new SchedulePlan(ScheduleKind.ONE_SHOT, 0, 0, 1, 3);
  }

  /** Whether {@link #start} and {@link #end} are fractions of the planned training. */
  public boolean isFractional() {
    return start <= 1 && end <= 1;
  }
}
