package dev.filigree.gate;

import java.util.Arrays;
import java.util.List;

/** What a {@link PairedTimer} measured. */
public final class Timing {
  private static final double ERROR = 0.1;

  /** [round][side], nanoseconds. */
  private final double[][] rounds;

  /**
   * From measured rounds.
   *
   * @param rounds nanoseconds per call, one array per round, one element per side; at least one
   *     round, all with the same number of sides
   */
  public Timing(List<double[]> rounds) {
    if (rounds.isEmpty()) {
      throw new IllegalArgumentException("no rounds");
    }
    int sides = rounds.get(0).length;
    for (double[] round : rounds) {
      if (round.length != sides) {
        throw new IllegalArgumentException(
            "rounds of " + sides + " and " + round.length + " sides");
      }
    }
    this.rounds = rounds.stream().map(double[]::clone).toArray(double[][]::new);
  }

  /** The rounds of several measurements of the same sides. */
  static Timing joined(List<Timing> parts) {
    return new Timing(parts.stream().flatMap(part -> Arrays.stream(part.rounds)).toList());
  }

  /** How many rounds were measured. */
  public int rounds() {
    return rounds.length;
  }

  /** Median time of one call of a side, in microseconds. */
  public double medianMicros(int side) {
    return quantile(sorted(round -> round[side]), 0.5) / 1e3;
  }

  /**
   * How many times faster {@code side} is than {@code baseline}: their times divided round by
   * round, baseline over side.
   */
  public Ratio ratio(int baseline, int side) {
    // A clock too coarse for the work gives 0; one nanosecond keeps the ratio finite.
    double[] ratios = sorted(round -> Math.max(1, round[baseline]) / Math.max(1, round[side]));
    return new Ratio(
        quantile(ratios, 0.5),
        quantile(ratios, 0.1),
        quantile(ratios, 0.9),
        lowerBound(ratios),
        ratios.length);
  }

  private double[] sorted(java.util.function.ToDoubleFunction<double[]> of) {
    return Arrays.stream(rounds).mapToDouble(of).sorted().toArray();
  }

  /** Linear interpolation between order statistics. */
  static double quantile(double[] sorted, double q) {
    double at = q * (sorted.length - 1);
    int below = (int) Math.floor(at);
    int above = Math.min(sorted.length - 1, below + 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  /**
   * The lower bound of the median with an error of at most 10 %; 0 where there are too few rounds
   * to give one.
   */
  static double lowerBound(double[] sorted) {
    int n = sorted.length;
    // P(Binomial(n, 1/2) <= k - 1), summed in logarithms because 2^-n underflows for many rounds.
    double logTerm = -n * Math.log(2);
    double cumulative = Math.exp(logTerm);
    int k = 0;
    while (k < n && cumulative <= ERROR) {
      k++;
      logTerm += Math.log((double) (n - k + 1) / k);
      cumulative += Math.exp(logTerm);
    }
    return k == 0 ? 0 : sorted[k - 1];
  }
}
