package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * X^T X in register tiles: eight rows by two vectors of columns stay in registers over all tokens
 * of a block (four rows where there are only sixteen registers). Lanes lie along columns, so that
 * no sum is ever split and the width of vectors changes no bit.
 */
final class VectorGram implements GramKernels {
  private static final VectorSpecies<Double> D = F.withLanes(double.class);
  private static final int LANES = D.length();
  private static final int COLUMNS = 2 * LANES;

  /** Sixteen sums and what they are made of need more than sixteen vector registers. */
  private static final int ROWS = F.vectorBitSize() == 512 ? 8 : 4;

  private static final int GROUP = TokenBlock.GROUP;

  @Override
  public void add(TokenBlock x, int jFrom, int jTo, int iFrom, int iTo, double[][] c) {
    double[][] edge = new double[ROWS][COLUMNS];
    for (int j = jFrom; j < jTo; j += ROWS) {
      for (int i = iFrom; i < Math.min(iTo, j + ROWS); i += COLUMNS) {
        // Inside the triangle sums are in place; tiles over its edges, also the lower one, are not.
        if (j + ROWS <= jTo && i + COLUMNS <= j + 1) {
          tile(x, j, i, c, j, i);
        } else {
          over(x, j, i, c, edge);
        }
      }
    }
  }

  private static void over(TokenBlock x, int j, int i, double[][] c, double[][] edge) {
    int rows = Math.min(ROWS, c.length - j);
    for (int r = 0; r < rows; r++) {
      int length = Math.min(COLUMNS, c[j + r].length - i);
      if (length > 0) {
        System.arraycopy(c[j + r], i, edge[r], 0, length);
      }
    }
    tile(x, j, i, edge, 0, 0);
    for (int r = 0; r < rows; r++) {
      int length = Math.min(COLUMNS, c[j + r].length - i);
      if (length > 0) {
        System.arraycopy(edge[r], 0, c[j + r], i, length);
      }
    }
  }

  /** Adds the tile of row j and column i to that of row cj and column ci of c. */
  private static void tile(TokenBlock x, int j, int i, double[][] c, int cj, int ci) {
    int end = GROUP * x.tokens();
    if (ROWS == 8) {
      tile8x2(x.values(), x.at(j), x.at(i), x.at(i + LANES), end, c, cj, ci);
    } else {
      tile4x2(x.values(), x.at(j), x.at(i), x.at(i + LANES), end, c, cj, ci);
    }
  }

  private static void tile8x2(
      double[] x, int rows, int left, int right, int end, double[][] c, int j, int i) {
    double[] r0 = c[j];
    double[] r1 = c[j + 1];
    double[] r2 = c[j + 2];
    double[] r3 = c[j + 3];
    double[] r4 = c[j + 4];
    double[] r5 = c[j + 5];
    double[] r6 = c[j + 6];
    double[] r7 = c[j + 7];
    DoubleVector c00 = DoubleVector.fromArray(D, r0, i);
    DoubleVector c01 = DoubleVector.fromArray(D, r0, i + LANES);
    DoubleVector c10 = DoubleVector.fromArray(D, r1, i);
    DoubleVector c11 = DoubleVector.fromArray(D, r1, i + LANES);
    DoubleVector c20 = DoubleVector.fromArray(D, r2, i);
    DoubleVector c21 = DoubleVector.fromArray(D, r2, i + LANES);
    DoubleVector c30 = DoubleVector.fromArray(D, r3, i);
    DoubleVector c31 = DoubleVector.fromArray(D, r3, i + LANES);
    DoubleVector c40 = DoubleVector.fromArray(D, r4, i);
    DoubleVector c41 = DoubleVector.fromArray(D, r4, i + LANES);
    DoubleVector c50 = DoubleVector.fromArray(D, r5, i);
    DoubleVector c51 = DoubleVector.fromArray(D, r5, i + LANES);
    DoubleVector c60 = DoubleVector.fromArray(D, r6, i);
    DoubleVector c61 = DoubleVector.fromArray(D, r6, i + LANES);
    DoubleVector c70 = DoubleVector.fromArray(D, r7, i);
    DoubleVector c71 = DoubleVector.fromArray(D, r7, i + LANES);
    for (int t = 0; t < end; t += GROUP) {
      DoubleVector x0 = DoubleVector.fromArray(D, x, left + t);
      DoubleVector x1 = DoubleVector.fromArray(D, x, right + t);
      int at = rows + t;
      DoubleVector v = DoubleVector.broadcast(D, x[at]);
      c00 = x0.fma(v, c00);
      c01 = x1.fma(v, c01);
      v = DoubleVector.broadcast(D, x[at + 1]);
      c10 = x0.fma(v, c10);
      c11 = x1.fma(v, c11);
      v = DoubleVector.broadcast(D, x[at + 2]);
      c20 = x0.fma(v, c20);
      c21 = x1.fma(v, c21);
      v = DoubleVector.broadcast(D, x[at + 3]);
      c30 = x0.fma(v, c30);
      c31 = x1.fma(v, c31);
      v = DoubleVector.broadcast(D, x[at + 4]);
      c40 = x0.fma(v, c40);
      c41 = x1.fma(v, c41);
      v = DoubleVector.broadcast(D, x[at + 5]);
      c50 = x0.fma(v, c50);
      c51 = x1.fma(v, c51);
      v = DoubleVector.broadcast(D, x[at + 6]);
      c60 = x0.fma(v, c60);
      c61 = x1.fma(v, c61);
      v = DoubleVector.broadcast(D, x[at + 7]);
      c70 = x0.fma(v, c70);
      c71 = x1.fma(v, c71);
    }
    c00.intoArray(r0, i);
    c01.intoArray(r0, i + LANES);
    c10.intoArray(r1, i);
    c11.intoArray(r1, i + LANES);
    c20.intoArray(r2, i);
    c21.intoArray(r2, i + LANES);
    c30.intoArray(r3, i);
    c31.intoArray(r3, i + LANES);
    c40.intoArray(r4, i);
    c41.intoArray(r4, i + LANES);
    c50.intoArray(r5, i);
    c51.intoArray(r5, i + LANES);
    c60.intoArray(r6, i);
    c61.intoArray(r6, i + LANES);
    c70.intoArray(r7, i);
    c71.intoArray(r7, i + LANES);
  }

  private static void tile4x2(
      double[] x, int rows, int left, int right, int end, double[][] c, int j, int i) {
    double[] r0 = c[j];
    double[] r1 = c[j + 1];
    double[] r2 = c[j + 2];
    double[] r3 = c[j + 3];
    DoubleVector c00 = DoubleVector.fromArray(D, r0, i);
    DoubleVector c01 = DoubleVector.fromArray(D, r0, i + LANES);
    DoubleVector c10 = DoubleVector.fromArray(D, r1, i);
    DoubleVector c11 = DoubleVector.fromArray(D, r1, i + LANES);
    DoubleVector c20 = DoubleVector.fromArray(D, r2, i);
    DoubleVector c21 = DoubleVector.fromArray(D, r2, i + LANES);
    DoubleVector c30 = DoubleVector.fromArray(D, r3, i);
    DoubleVector c31 = DoubleVector.fromArray(D, r3, i + LANES);
    for (int t = 0; t < end; t += GROUP) {
      DoubleVector x0 = DoubleVector.fromArray(D, x, left + t);
      DoubleVector x1 = DoubleVector.fromArray(D, x, right + t);
      int at = rows + t;
      DoubleVector v = DoubleVector.broadcast(D, x[at]);
      c00 = x0.fma(v, c00);
      c01 = x1.fma(v, c01);
      v = DoubleVector.broadcast(D, x[at + 1]);
      c10 = x0.fma(v, c10);
      c11 = x1.fma(v, c11);
      v = DoubleVector.broadcast(D, x[at + 2]);
      c20 = x0.fma(v, c20);
      c21 = x1.fma(v, c21);
      v = DoubleVector.broadcast(D, x[at + 3]);
      c30 = x0.fma(v, c30);
      c31 = x1.fma(v, c31);
    }
    c00.intoArray(r0, i);
    c01.intoArray(r0, i + LANES);
    c10.intoArray(r1, i);
    c11.intoArray(r1, i + LANES);
    c20.intoArray(r2, i);
    c21.intoArray(r2, i + LANES);
    c30.intoArray(r3, i);
    c31.intoArray(r3, i + LANES);
  }
}
