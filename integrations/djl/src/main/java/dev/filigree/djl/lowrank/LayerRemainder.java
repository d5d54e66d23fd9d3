package dev.filigree.djl.lowrank;

import dev.filigree.calibrate.MagnitudeThreshold;
import dev.filigree.pack.Remainder;

/**
 * R-Sparse (Zhang et al. 2025) of one layer. One of n inputs and m outputs may read (1 - s) n m
 * weights for a token. The share rho of them goes to inputs, floor(n (1 - s) rho), and what is left
 * to factors of rank floor((n m (1 - s) - inputs m) / (n + m)).
 *
 * <p>The paper searches all rho by evolution, with the perplexity of the whole model. Here each
 * layer takes by itself the one whose outputs are closest to the dense ones, by squared error over
 * some calibration tokens.
 *
 * @param threshold of |x_i| ||W[:,i]||; inputs above it are kept
 * @param remainder what the other ones add
 */
public record LayerRemainder(float threshold, Remainder remainder) {
  // From inputs alone on: of equal ones the first is taken.
  private static final double[] SHARES = {1, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1};

  /** So that 0.1 of 100 is 10 though 1 - 0.9 is less than 0.1. */
  private static final double ROUNDING = 1e-9;

  /**
   * Searches rho.
   *
   * @param matrix W
   * @param sparsity s, 0 to below 1
   * @param norms ||W[:,i]||_2 by input; kept
   * @param scores |x_i| ||W[:,i]|| of all calibration tokens
   * @param rows inputs x of some of these tokens, one behind the other; none take inputs alone
   */
  public static LayerRemainder search(
      LowRank matrix, double sparsity, float[] norms, MagnitudeThreshold scores, float[] rows) {
    int inputs = matrix.inputs();
    int outputs = matrix.outputs();
    double least = Double.POSITIVE_INFINITY;
    int kept = 0;
    int rank = 0;
    float threshold = 0;
    for (double share : SHARES) {
      int k = (int) (inputs * (1 - sparsity) * share + ROUNDING);
      double left = (double) inputs * outputs * (1 - sparsity) - (double) k * outputs;
      int r = Math.min((int) (left / (inputs + outputs)), matrix.most());
      float t = k == 0 ? Float.MAX_VALUE : scores.threshold(1 - (double) k / inputs);
      double error = matrix.error(r, skipped(norms, rows, t), rows.length / inputs);
      if (error < least) {
        least = error;
        kept = k;
        rank = r;
        threshold = t;
      }
    }
    LowRank.Factors factors = matrix.factors(rank);
    return new LayerRemainder(
        threshold, new Remainder(norms, kept, rank, factors.in(), factors.out()));
  }

  /** Inputs that a threshold skips, zeros elsewhere, [inputs][tokens]. */
  private static double[] skipped(float[] norms, float[] rows, float threshold) {
    int inputs = norms.length;
    int tokens = rows.length / inputs;
    double[] z = new double[rows.length];
    for (int t = 0; t < tokens; t++) {
      for (int i = 0; i < inputs; i++) {
        float v = rows[t * inputs + i];
        z[i * tokens + t] = Math.abs(v) * norms[i] <= threshold ? v : 0;
      }
    }
    return z;
  }
}
