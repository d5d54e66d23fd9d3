package dev.filigree.calibrate;

import java.nio.FloatBuffer;

/**
 * Sums and sums of squares over the columns of X [tokens][inputs], token by token in double
 * precision: every column comes out the same however columns are shared by threads.
 */
final class ColumnSums {
  /** Columns taken together: their sums and eight tokens of them stay in a core's cache. */
  static final int TILE = 512;

  private static final int STEP = 8;

  private final FloatBuffer rows;
  private final int inputs;
  private final int tokens;
  private final float[][] x = new float[STEP][TILE];

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

  private void read(int token, int column, int width, float[] to) {
    rows.get(rows.position() + token * inputs + column, to, 0, width);
  }

  // Each loop writes one array, at the index all are read at: only that is compiled to vectors.
  private void eight(double[] s, double[] q) {
    float[] x0 = x[0];
    float[] x1 = x[1];
    float[] x2 = x[2];
    float[] x3 = x[3];
    float[] x4 = x[4];
    float[] x5 = x[5];
    float[] x6 = x[6];
    float[] x7 = x[7];
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
      double a = q[i] + (double) x0[i] * x0[i];
      a = a + (double) x1[i] * x1[i];
      a = a + (double) x2[i] * x2[i];
      a = a + (double) x3[i] * x3[i];
      a = a + (double) x4[i] * x4[i];
      a = a + (double) x5[i] * x5[i];
      a = a + (double) x6[i] * x6[i];
      q[i] = a + (double) x7[i] * x7[i];
    }
  }
}
