package dev.filigree.file;

import java.util.OptionalDouble;

/**
 * One number that says how good a model is.
 *
 * @param metric for example {@code nll}, {@code ppl}, {@code accuracy} or {@code recon_error}
 * @param before the step, where it was measured; finite
 * @param after the step, where it was measured; finite
 */
public record Evaluation(String metric, OptionalDouble before, OptionalDouble after) {
  /** Checks that the numbers are finite. */
  public Evaluation {
    before.ifPresent(v -> checkFinite(metric, v));
    after.ifPresent(v -> checkFinite(metric, v));
  }

  /** Measured before and after. */
  public static Evaluation of(String metric, double before, double after) {
    return new Evaluation(metric, OptionalDouble.of(before), OptionalDouble.of(after));
  }

  private static void checkFinite(String metric, double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(metric + " is " + value);
    }
  }
}
