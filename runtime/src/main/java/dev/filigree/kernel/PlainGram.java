package dev.filigree.kernel;

import java.util.Arrays;

/**
 * Plain loops over pieces of rows: eight tokens of a tile's columns stay in a core's first-level
 * cache while some rows of the triangle pass from the second.
 */
final class PlainGram implements GramKernels {
  private static final int ROWS = 64;
  private static final int STEP = 8;

  @Override
  public void add(TokenBlock x, int jFrom, int jTo, int iFrom, int iTo, double[][] c) {
    double[][] tile = new double[ROWS][TILE];
    double[][] columns = new double[STEP][TILE];
    for (int i = iFrom; i < iTo; i += TILE) {
      int iEnd = Math.min(iTo, i + TILE);
      for (int j = jFrom; j < jTo; j += ROWS) {
        tile(x, j, Math.min(jTo, j + ROWS), i, iEnd, c, tile, columns);
      }
    }
  }

  private static void tile(
      TokenBlock x,
      int jFrom,
      int jTo,
      int iFrom,
      int iTo,
      double[][] c,
      double[][] tile,
      double[][] columns) {
    for (int j = jFrom; j < jTo; j++) {
      int length = Math.min(iTo, c[j].length) - iFrom;
      if (length > 0) {
        System.arraycopy(c[j], iFrom, tile[j - jFrom], 0, length);
      }
    }
    double[] values = x.values();
    double[] factors = new double[STEP];
    for (int t = 0; t < x.tokens(); t += STEP) {
      int count = Math.min(STEP, x.tokens() - t);
      // Tokens that are not there are zeros, which add nothing.
      Arrays.fill(factors, 0);
      for (int d = 0; d < STEP; d++) {
        if (d < count) {
          row(x, t + d, iFrom, iTo, columns[d]);
        } else {
          Arrays.fill(columns[d], 0);
        }
      }
      for (int j = jFrom; j < jTo; j++) {
        int at = x.at(j) + t * TokenBlock.GROUP;
        for (int d = 0; d < count; d++) {
          factors[d] = values[at + d * TokenBlock.GROUP];
        }
        eight(tile[j - jFrom], columns, factors);
      }
    }
    for (int j = jFrom; j < jTo; j++) {
      int length = Math.min(iTo, c[j].length) - iFrom;
      if (length > 0) {
        System.arraycopy(tile[j - jFrom], 0, c[j], iFrom, length);
      }
    }
  }

  private static void row(TokenBlock x, int token, int iFrom, int iTo, double[] to) {
    int width = 0;
    for (int i = iFrom; i < iTo; i += TokenBlock.GROUP) {
      int from = x.at(i) + token * TokenBlock.GROUP;
      System.arraycopy(x.values(), from, to, width, TokenBlock.GROUP);
      width += TokenBlock.GROUP;
    }
    Arrays.fill(to, width, TILE, 0);
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
    for (int i = 0; i < TILE; i++) {
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
