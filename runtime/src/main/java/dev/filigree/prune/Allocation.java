package dev.filigree.prune;

import java.util.Arrays;
import java.util.List;

/** How one sparsity becomes that of every matrix. */
public enum Allocation {
  /** The same everywhere. */
  UNIFORM,
  /**
   * Erdős–Rényi (Mocanu et al. 2018): the density of a matrix is in proportion to (in + out) / (in
   * * out), so small and narrow matrices keep more.
   */
  ER,
  /**
   * Erdős–Rényi kernel (Evci et al. 2020): kernel sizes count as well; on matrices the same as
   * {@link #ER}.
   */
  ERK;

  /**
   * The sparsity of every matrix, so that together they have the one asked for. Matrices that would
   * keep more than all of their weights keep all, and the others share what that costs.
   *
   * @param shapes {out, in} of every matrix, at least 1
   * @param sparsity 0 to below 1
   * @return each 0 to below 1
   */
  public double[] sparsities(List<long[]> shapes, double sparsity) {
    double[] out = new double[shapes.size()];
    if (this == UNIFORM) {
      Arrays.fill(out, sparsity);
      return out;
    }
    boolean[] dense = new boolean[out.length];
    boolean changed = true;
    while (changed) {
      double left = 0;
      double raw = 0;
      for (int i = 0; i < out.length; i++) {
        long[] shape = shapes.get(i);
        double weights = (double) shape[0] * shape[1];
        left += dense[i] ? -sparsity * weights : (1 - sparsity) * weights;
        raw += dense[i] ? 0 : shape[0] + shape[1];
      }
      changed = false;
      for (int i = 0; i < out.length; i++) {
        long[] shape = shapes.get(i);
        double density =
            dense[i] ? 1 : left / raw * (shape[0] + shape[1]) / ((double) shape[0] * shape[1]);
        if (density > 1) {
          dense[i] = true;
          changed = true;
        }
        out[i] = Math.max(0, 1 - density);
      }
    }
    return out;
  }
}
