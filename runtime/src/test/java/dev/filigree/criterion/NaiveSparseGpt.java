package dev.filigree.criterion;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * SparseGPT by the book: the inverse of the Hessian of the columns that are left, computed anew for
 * every column by elimination, no factor, no blocks of updates.
 */
final class NaiveSparseGpt {
  final double[][] w;
  final boolean[][] kept;

  NaiveSparseGpt(double[][] weights, double[][] x, double sparsity, boolean perRow, int n, int m) {
    int rows = weights.length;
    int cols = weights[0].length;
    w = new double[rows][];
    kept = new boolean[rows][cols];
    double[][] h = hessian(x, cols);
    for (int r = 0; r < rows; r++) {
      w[r] = weights[r].clone();
      for (int c = 0; c < cols; c++) {
        kept[r][c] = true;
        w[r][c] = isDead(x, c) ? 0 : w[r][c];
      }
    }
    for (int c = 0; c < cols; c++) {
      if (m > 0 && c % m == 0) {
        for (int r = 0; r < rows; r++) {
          remove(h, r, r + 1, c, c + m, m - n);
        }
      } else if (m == 0 && c % 128 == 0) {
        int end = Math.min(cols, c + 128);
        for (int r = 0; r < rows; r += perRow ? 1 : rows) {
          int count = (int) Math.floor((perRow ? 1 : rows) * (end - c) * sparsity + 1e-9);
          remove(h, r, perRow ? r + 1 : rows, c, end, count);
        }
      }
      double[] inverse = inverseRow(h, c);
      for (int r = 0; r < rows; r++) {
        if (!kept[r][c]) {
          double error = w[r][c] / inverse[0];
          for (int i = c; i < cols; i++) {
            w[r][i] -= error * inverse[i - c];
          }
          w[r][c] = 0;
        }
      }
    }
  }

  private void remove(double[][] h, int rFrom, int rTo, int cFrom, int cTo, int count) {
    List<double[]> scored = new ArrayList<>();
    double[] diagonal = new double[cTo];
    for (int c = cFrom; c < cTo; c++) {
      diagonal[c] = inverseRow(h, c)[0];
    }
    for (int r = rFrom; r < rTo; r++) {
      for (int c = cFrom; c < cTo; c++) {
        scored.add(new double[] {w[r][c] * w[r][c] / diagonal[c], r, c});
      }
    }
    scored.sort(Comparator.comparingDouble(s -> s[0]));
    for (double[] s : scored.subList(0, count)) {
      kept[(int) s[1]][(int) s[2]] = false;
    }
  }

  private static boolean isDead(double[][] x, int c) {
    for (double[] row : x) {
      if (row[c] != 0) {
        return false;
      }
    }
    return true;
  }

  private static double[][] hessian(double[][] x, int n) {
    double[][] h = new double[n][n];
    double trace = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        for (double[] row : x) {
          h[i][j] += 2.0 / x.length * row[i] * row[j];
        }
      }
      h[i][i] = h[i][i] == 0 ? 1 : h[i][i];
      trace += h[i][i];
    }
    for (int i = 0; i < n; i++) {
      h[i][i] += 0.01 * trace / n;
    }
    return h;
  }

  // First row of the inverse of H without its first c rows and columns, by Gauss and Jordan.
  private static double[] inverseRow(double[][] h, int c) {
    int n = h.length - c;
    double[][] a = new double[n][n + 1];
    for (int i = 0; i < n; i++) {
      System.arraycopy(h[c + i], c, a[i], 0, n);
    }
    a[0][n] = 1;
    for (int p = 0; p < n; p++) {
      for (int i = 0; i < n; i++) {
        double f = i == p ? 0 : a[i][p] / a[p][p];
        for (int j = p; f != 0 && j <= n; j++) {
          a[i][j] -= f * a[p][j];
        }
      }
    }
    double[] row = new double[n];
    for (int i = 0; i < n; i++) {
      row[i] = a[i][n] / a[i][i];
    }
    return row;
  }
}
