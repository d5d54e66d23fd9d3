package dev.filigree.samples.digits;

import java.util.Arrays;
import java.util.Locale;

/**
 * Median of repeated measurements and how far they spread.
 *
 * @param median 50th percentile
 * @param p10 10th percentile
 * @param p90 90th percentile
 */
record Spread(double median, double p10, double p90) {

  /** Of at least one measurement; percentiles are interpolated between neighbours. */
  static Spread of(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return new Spread(at(sorted, .5), at(sorted, .1), at(sorted, .9));
  }

  private static double at(double[] sorted, double share) {
    double place = share * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }

  /** For a ratio of times: what a user would call it. */
  Verdict verdict() {
    if (median >= 1.03 && p10 > 1) {
      return Verdict.FASTER;
    }
    return median <= 0.97 && p90 < 1 ? Verdict.SLOWER : Verdict.SAME;
  }

  /** For example {@code 1.82x (1.71 to 1.95)}. */
  String times() {
    return String.format(Locale.ROOT, "%.2fx (%.2f to %.2f)", median, p10, p90);
  }

  /** What a ratio of times, other side over this side, says. */
  enum Verdict {
    FASTER,
    SAME,
    SLOWER
  }
}
