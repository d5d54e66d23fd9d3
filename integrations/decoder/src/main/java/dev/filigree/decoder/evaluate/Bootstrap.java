package dev.filigree.decoder.evaluate;

import java.util.Arrays;
import java.util.SplittableRandom;

/** The bootstrap over sequences (Efron 1979): tokens of one sequence are not independent. */
final class Bootstrap {
  private static final int RESAMPLES = 2000;

  private Bootstrap() {}

  /**
   * The 95 % interval of a mean over tokens, percentiles of {@value #RESAMPLES} resamples.
   *
   * @param sums over the tokens of every sequence
   * @param counts tokens of every sequence
   * @return lower and upper end; both NaN for fewer than two sequences
   */
  static double[] interval(double[] sums, long[] counts, long seed) {
    if (sums.length < 2) {
      return new double[] {Double.NaN, Double.NaN};
    }
    SplittableRandom random = new SplittableRandom(seed);
    double[] means = new double[RESAMPLES];
    for (int r = 0; r < RESAMPLES; r++) {
      double sum = 0;
      long count = 0;
      for (int i = 0; i < sums.length; i++) {
        int s = random.nextInt(sums.length);
        sum += sums[s];
        count += counts[s];
      }
      means[r] = sum / count;
    }
    Arrays.sort(means);
    return new double[] {means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40]};
  }
}
