package dev.filigree.allocate;

import java.util.Arrays;
import java.util.List;

/** The layerwise outlier distribution of OWL (Yin et al. 2024). */
public final class Outliers {
  private Outliers() {}

  /**
   * The outlier ratio in percent: how many scores are above {@code m} times the mean score.
   *
   * @param scores |W_ij| * ||X_j||_2 of the layers that share one ratio, not negative
   * @param m above 0; published 5, or 3 in the code
   */
  public static double ratio(List<double[]> scores, double m) {
    long count = scores.stream().mapToLong(s -> s.length).sum();
    if (!(m > 0) || count == 0) {
      throw new IllegalArgumentException("m " + m + ", " + count + " scores");
    }
    double mean = scores.stream().mapToDouble(s -> Arrays.stream(s).sum()).sum() / count;
    long above = 0;
    for (double[] s : scores) {
      for (double v : s) {
        above += v > m * mean ? 1 : 0;
      }
    }
    return 100.0 * above / count;
  }
}
