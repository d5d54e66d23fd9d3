package dev.filigree.criterion;

import dev.filigree.kernel.Workers;
import dev.filigree.linalg.Products;
import dev.filigree.mask.Mask;
import dev.filigree.mask.MaskSelection;
import dev.filigree.mask.ScoredTensor;
import dev.filigree.plan.Pattern;
import java.nio.FloatBuffer;

/**
 * The walk over the columns of one layer. Rows are independent of each other but for the count of
 * scope layer, so threads share rows and every row comes out the same on any of them.
 */
final class SparseGptRun {
  static final int BLOCK = 128;

  private final OneShotPlan plan;
  private final String name;
  private final int rows;
  private final int cols;
  private final double[][] w;
  private final boolean[] kept;
  // Z of H^-1 = Z Z^T, lower: column i of it is row i of U.
  private final double[][] z;
  private final Workers workers;

  /**
   * @param dead inputs that are always zero; their weights become zero
   * @param z lower triangle
   */
  SparseGptRun(OneShotPlan plan, Layer layer, boolean[] dead, double[][] z, Workers workers) {
    this.plan = plan;
    this.name = layer.name();
    this.rows = layer.rows();
    this.cols = layer.cols();
    this.z = z;
    this.workers = workers;
    this.kept = new boolean[Math.multiplyExact(rows, cols)];
    this.w = new double[rows][cols];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < cols; c++) {
        w[r][c] = dead[c] ? 0 : layer.weights().get(r * cols + c);
      }
    }
  }

  void prune() {
    for (int begin = 0; begin < cols; ) {
      int end = Math.min(cols, begin + width());
      block(begin, end);
      begin = end;
    }
  }

  // A group of N:M is chosen from weights that all columns before it have updated, so blocks end
  // where groups end; the result does not depend on the width then.
  private int width() {
    return plan.pattern() instanceof Pattern.NM nm ? Math.max(1, BLOCK / nm.m()) * nm.m() : BLOCK;
  }

  Mask mask() {
    return MaskBits.of(kept, rows, cols);
  }

  FloatBuffer weights() {
    FloatBuffer out = FloatBuffer.allocate(kept.length);
    for (int i = 0; i < kept.length; i++) {
      out.put(i, kept[i] ? (float) w[i / cols][i % cols] : 0f);
    }
    return out;
  }

  private void block(int begin, int end) {
    int width = end - begin;
    double[][] u = upper(begin, end);
    Mask chosen = plan.pattern() instanceof Pattern.NM ? null : choose(begin, width);
    workers.run(
        rows,
        4,
        4,
        (long) rows * width * (cols - begin),
        (from, to) -> {
          double[][] errors = new double[to - from][];
          for (int r = from; r < to; r++) {
            errors[r - from] = walk(r, begin, end, u, chosen);
          }
          Products.add(w, from, to, (r, k) -> -errors[r - from][k], u, 0, width, end, cols);
        });
  }

  /** Rows begin to end of U, at the column numbers of U. */
  private double[][] upper(int begin, int end) {
    double[][] u = new double[end - begin][cols];
    for (int j = begin; j < cols; j++) {
      for (int i = begin; i < Math.min(end, j + 1); i++) {
        u[i - begin][j] = z[j][i];
      }
    }
    return u;
  }

  private Mask choose(int begin, int width) {
    double[] scores = new double[rows * width];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < width; c++) {
        scores[r * width + c] = score(r, begin + c);
      }
    }
    return MaskSelection.select(
        plan.selection(), plan.sparsity(), new ScoredTensor(name, rows, width, scores), workers);
  }

  private double score(int r, int c) {
    double ratio = w[r][c] / z[c][c];
    return ratio * ratio;
  }

  /** Removes the weights of one row in a block and updates the rest of the block. */
  private double[] walk(int r, int begin, int end, double[][] u, Mask chosen) {
    double[] row = w[r];
    double[] errors = new double[end - begin];
    for (int c = begin; c < end; c++) {
      if (chosen == null) {
        chooseGroup(r, c);
      } else {
        kept[r * cols + c] = chosen.kept(r, c - begin);
      }
      if (!kept[r * cols + c]) {
        double[] across = u[c - begin];
        double error = row[c] / across[c];
        errors[c - begin] = error;
        for (int i = c + 1; i < end; i++) {
          row[i] -= error * across[i];
        }
        row[c] = 0;
      }
    }
    return errors;
  }

  /** Chooses the group that starts at column c, where one does. */
  private void chooseGroup(int r, int c) {
    Pattern.NM nm = (Pattern.NM) plan.pattern();
    if (c % nm.m() != 0) {
      return;
    }
    double[] scores = new double[nm.m()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = score(r, c + i);
    }
    for (int i = 0; i < scores.length; i++) {
      int before = 0;
      for (int j = 0; j < scores.length; j++) {
        before += scores[j] < scores[i] || (scores[j] == scores[i] && j < i) ? 1 : 0;
      }
      kept[r * cols + c + i] = before >= nm.m() - nm.n();
    }
  }
}
