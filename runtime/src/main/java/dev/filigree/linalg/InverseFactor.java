package dev.filigree.linalg;

import dev.filigree.kernel.Workers;
import java.util.Arrays;

/**
 * The Cholesky factor of an inverse, without the inverse: the lower triangular Z with H^-1 = Z Z^T,
 * so that U = Z^T is the upper factor H^-1 = U^T U that optimal brain surgery walks along.
 *
 * <p>H is factored from its last column backwards as H = T^T T with T lower triangular; then Z is
 * T^-1. That is a quarter of the work of inverting H and factoring the inverse, in place on one
 * triangle, and it does not lose the digits that inverting an ill-conditioned H loses.
 */
public final class InverseFactor {
  private static final int PANEL = 64;

  private InverseFactor() {}

  /**
   * Replaces H by Z.
   *
   * @param h the lower triangle, row j with j + 1 elements; overwritten in any case
   * @return whether H is positive definite and finite in double precision; where not, {@code h}
   *     holds nothing useful
   */
  public static boolean replace(double[][] h, Workers workers) {
    if (!factor(h, workers)) {
      return false;
    }
    invert(h, workers);
    return true;
  }

  // H = T^T T: row k of T is row k of what is left of H over the root of its diagonal, then what it
  // explains is taken from the rows above it.
  private static boolean factor(double[][] h, Workers workers) {
    for (int end = h.length; end > 0; end -= PANEL) {
      int begin = Math.max(0, end - PANEL);
      for (int k = end - 1; k >= begin; k--) {
        double[] row = h[k];
        double root = Math.sqrt(row[k]);
        if (!(root > 0) || Double.isInfinite(root)) {
          return false;
        }
        for (int i = 0; i < k; i++) {
          row[i] /= root;
        }
        row[k] = root;
        for (int j = begin; j < k; j++) {
          subtract(h[j], row[j], row);
        }
      }
      int from = begin;
      int to = end;
      workers.run(
          from,
          4,
          8,
          (long) from * from / 2 * (to - from),
          (first, last) -> Products.add(h, first, last, (r, k) -> -h[k][r], h, from, to, 0, last));
    }
    return true;
  }

  private static void subtract(double[] c, double factor, double[] x) {
    for (int i = 0; i < c.length; i++) {
      c[i] -= factor * x[i];
    }
  }

  // T Z = I, row by row: row j of Z is (e_j - sum over k < j of T[j][k] Z[k]) / T[j][j].
  private static void invert(double[][] t, Workers workers) {
    int n = t.length;
    double[][] old = new double[PANEL][];
    for (int begin = 0; begin < n; begin += PANEL) {
      int from = begin;
      int to = Math.min(n, begin + PANEL);
      for (int j = from; j < to; j++) {
        old[j - from] = t[j].clone();
        Arrays.fill(t[j], 0);
      }
      workers.run(
          from,
          8,
          4,
          (long) from * from / 2 * (to - from),
          (first, last) ->
              Products.add(
                  t, from, to, (r, k) -> -old[r - from][k], t, first & -8, from, first, last));
      for (int j = from; j < to; j++) {
        double[] row = t[j];
        double[] factors = old[j - from];
        for (int k = from; k < j; k++) {
          double factor = factors[k];
          double[] x = t[k];
          for (int i = 0; i <= k; i++) {
            row[i] -= factor * x[i];
          }
        }
        double diagonal = factors[j];
        for (int i = 0; i < j; i++) {
          row[i] /= diagonal;
        }
        row[j] = 1 / diagonal;
      }
    }
  }
}
