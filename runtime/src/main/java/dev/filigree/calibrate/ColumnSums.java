package dev.filigree.calibrate;

import java.nio.FloatBuffer;

/**
 * Sums and sums of squares over the columns of X [tokens][inputs], token by token in double
 * precision: every column comes out the same however columns are shared by threads.
 */
final class ColumnSums {
  /** Columns taken together: their sums and eight tokens of them stay in a core's cache. */
  static final int TILE = 256;

  private static final int STEP = 8;

  private final FloatBuffer rows;
  private final int inputs;
  private final int tokens;
  private final float[] read = new float[TILE];
  private final double[][] x = new double[STEP][TILE];

  ColumnSums(FloatBuffer rows, int inputs, int tokens) {
    this.rows = rows;
    this.inputs = inputs;
    this.tokens = tokens;
  }

  /** Adds the columns {@code from} to {@code to}, exclusive; infinity and NaN spoil the sums. */
  void add(int from, int to, double[] sums, double[] squares) {
    double[] s = new double[TILE];
    double[] q = new double[TILE];
    for (int i = from; i < to; i += TILE) {
      int width = Math.min(TILE, to - i);
      System.arraycopy(sums, i, s, 0, width);
      System.arraycopy(squares, i, q, 0, width);
      int t = 0;
      for (; t + STEP <= tokens; t += STEP) {
        for (int d = 0; d < STEP; d++) {
          read(t + d, i, width, x[d]);
        }
        eight(s, q);
      }
      for (; t < tokens; t++) {
        read(t, i, width, x[0]);
        for (int c = 0; c < width; c++) {
          double v = x[0][c];
          s[c] += v;
          q[c] += v * v;
        }
      }
      System.arraycopy(s, 0, sums, i, width);
      System.arraycopy(q, 0, squares, i, width);
    }
  }

  private void read(int token, int column, int width, double[] to) {
    rows.get(rows.position() + token * inputs + column, read, 0, width);
    for (int c = 0; c < TILE; c++) {
      to[c] = read[c];
    }
  }

  // Each loop writes one array, at the index all are read at: only that is compiled to vectors.
  private void eight(double[] s, double[] q) {
    double[] x0 = x[0];
    double[] x1 = x[1];
    double[] x2 = x[2];
    double[] x3 = x[3];
    double[] x4 = x[4];
    double[] x5 = x[5];
    double[] x6 = x[6];
    double[] x7 = x[7];
    for (int i = 0; i < TILE; i++) {
      double a = s[i] + x0[i];
      a = a + x1[i];
      a = a + x2[i];
      a = a + x3[i];
      a = a + x4[i];
      a = a + x5[i];
      a = a + x6[i];
      s[i] = a + x7[i];
    }
    for (int i = 0; i < TILE; i++) {
      // The square of a float is exact in double.
      double a = q[i] + x0[i] * x0[i];
      a = a + x1[i] * x1[i];
      a = a + x2[i] * x2[i];
      a = a + x3[i] * x3[i];
      a = a + x4[i] * x4[i];
      a = a + x5[i] * x5[i];
      a = a + x6[i] * x6[i];
      q[i] = a + x7[i] * x7[i];
    }
  }
}
