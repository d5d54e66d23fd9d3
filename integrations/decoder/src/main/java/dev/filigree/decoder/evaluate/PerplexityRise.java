package dev.filigree.decoder.evaluate;

import java.util.OptionalDouble;
import java.util.SortedMap;

/**
 * PPL-p% sparsity (Luo et al. 2024, "Sparsing Law"): the sparsity at which perplexity has risen by
 * p percent, one figure for how much sparsity a model bears under a method.
 */
public final class PerplexityRise {
  private PerplexityRise() {}

  /**
   * Where a measured curve first crosses the risen perplexity, interpolated linearly between the
   * points on both sides.
   *
   * @param dense perplexity at sparsity 0
   * @param curve perplexity by sparsity, above 0
   * @param percent p, above 0
   * @return empty where no point reaches it
   */
  public static OptionalDouble sparsity(
      double dense, SortedMap<Double, Double> curve, double percent) {
    double wanted = dense * (1 + percent / 100);
    double s0 = 0;
    double p0 = dense;
    for (var point : curve.entrySet()) {
      double s1 = point.getKey();
      double p1 = point.getValue();
      if (p1 >= wanted) {
        return OptionalDouble.of(s0 + (s1 - s0) * (wanted - p0) / (p1 - p0));
      }
      s0 = s1;
      p0 = p1;
    }
    return OptionalDouble.empty();
  }
}
