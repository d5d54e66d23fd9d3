package dev.filigree.linalg;

import java.util.Arrays;

/**
 * The one inner loop of this package: {@code c[r][i] += sum over k of a(r, k) * x[k][i]}, in
 * ascending order of k for every element, each product rounded and then added.
 *
 * <p>Rows may be shorter than others: an element takes part where both {@code c[r]} and {@code
 * x[k]} have the index i, so lower triangles are arrays whose row j has j + 1 elements. How the
 * work is cut changes nothing in the result.
 */
public final class Products {
  // Eight rows of x by 256 columns, 16 KiB, stay in a core's first-level cache while 64 rows of c,
  // 128 KiB, pass from the second. Both are copied into place first: rows that lie a power of two
  // apart would push each other out of the cache.
  private static final int TILE_I = 256;
  private static final int TILE_R = 64;
  private static final int STEP_K = 8;

  private final double[][] c;
  private final Coefficients a;
  private final double[][] x;
  private final double[][] cTile = new double[TILE_R][TILE_I];
  private final double[][] xTile = new double[STEP_K][TILE_I];
  private final double[] factors = new double[STEP_K];

  private Products(double[][] c, Coefficients a, double[][] x) {
    this.c = c;
    this.a = a;
    this.x = x;
  }

  /** The factor of x[k] in c[r]. */
  @FunctionalInterface
  public interface Coefficients {
    double at(int r, int k);
  }

  /**
   * Adds to the rows {@code rFrom} to {@code rTo} of c, columns {@code iFrom} to {@code iTo}, for
   * all k from {@code kFrom} to {@code kTo}; ends are exclusive.
   *
   * @param a finite
   * @param x no element of it is written here
   */
  public static void add(
      double[][] c,
      int rFrom,
      int rTo,
      Coefficients a,
      double[][] x,
      int kFrom,
      int kTo,
      int iFrom,
      int iTo) {
    if (kFrom >= kTo) {
      return;
    }
    Products products = new Products(c, a, x);
    for (int i = iFrom; i < iTo; i += TILE_I) {
      int iEnd = Math.min(iTo, i + TILE_I);
      for (int r = rFrom; r < rTo; r += TILE_R) {
        products.tile(r, Math.min(rTo, r + TILE_R), kFrom, kTo, i, iEnd);
      }
    }
  }

  private void tile(int rFrom, int rTo, int kFrom, int kTo, int iFrom, int iTo) {
    for (int r = rFrom; r < rTo; r++) {
      copy(c[r], iFrom, iTo, cTile[r - rFrom]);
    }
    for (int k = kFrom; k < kTo; k += STEP_K) {
      int count = Math.min(STEP_K, kTo - k);
      Arrays.fill(factors, 0);
      for (int d = 0; d < STEP_K; d++) {
        if (d < count) {
          copy(x[k + d], iFrom, iTo, xTile[d]);
        } else {
          Arrays.fill(xTile[d], 0);
        }
      }
      for (int r = rFrom; r < rTo; r++) {
        for (int d = 0; d < count; d++) {
          factors[d] = a.at(r, k + d);
        }
        eight(cTile[r - rFrom], xTile, factors);
      }
    }
    for (int r = rFrom; r < rTo; r++) {
      int length = Math.min(iTo, c[r].length) - iFrom;
      if (length > 0) {
        System.arraycopy(cTile[r - rFrom], 0, c[r], iFrom, length);
      }
    }
  }

  /** What is not there is zero, which adds nothing. */
  private static void copy(double[] row, int from, int to, double[] tile) {
    int length = Math.max(0, Math.min(to, row.length) - from);
    if (length > 0) {
      System.arraycopy(row, from, tile, 0, length);
    }
    Arrays.fill(tile, length, TILE_I, 0);
  }

  // One array is written, and all are used at the same index: the compiler vectorises exactly that
  // (two written arrays it does not), and the order of the sums stays.
  private static void eight(double[] c, double[][] x, double[] a) {
    double[] x0 = x[0];
    double[] x1 = x[1];
    double[] x2 = x[2];
    double[] x3 = x[3];
    double[] x4 = x[4];
    double[] x5 = x[5];
    double[] x6 = x[6];
    double[] x7 = x[7];
    double a0 = a[0];
    double a1 = a[1];
    double a2 = a[2];
    double a3 = a[3];
    double a4 = a[4];
    double a5 = a[5];
    double a6 = a[6];
    double a7 = a[7];
    for (int i = 0; i < TILE_I; i++) {
      double s = c[i] + a0 * x0[i];
      s = s + a1 * x1[i];
      s = s + a2 * x2[i];
      s = s + a3 * x3[i];
      s = s + a4 * x4[i];
      s = s + a5 * x5[i];
      s = s + a6 * x6[i];
      c[i] = s + a7 * x7[i];
    }
  }
}
