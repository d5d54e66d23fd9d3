package dev.filigree.criterion;

import dev.filigree.kernel.Workers;
import dev.filigree.mask.Mask;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import java.util.Arrays;

/**
 * DSnoT (Zhang et al. 2024): swaps removed for kept weights in every row until the row's mean
 * output is close to the dense one. The number kept in every row, or in every group of N:M, stays.
 *
 * <p>With c_j = W_j * E_j, E_j the sum of input j over all tokens divided by {@code sequences}, the
 * error of a row is e = sum of c_j over removed j. A cycle grows the removed weight with the
 * largest c_j / Var(x_j) where e is positive, else the smallest, and prunes the kept weight of the
 * lowest Wanda score whose c_j has the other sign (N:M: the lowest of the same group). A swap that
 * would not bring the error closer to zero is left out; the published code makes it. No weight is
 * tried twice.
 *
 * @param cycles most tries of a row, published 50
 * @param tolerance |e| at which a row is done, published 0.1
 * @param sequences by what sums are divided: the published code has calibration sequences
 */
public record Dsnot(int cycles, double tolerance, long sequences) {

  /** Checks the ranges. */
  public Dsnot {
    if (cycles < 0 || !(tolerance >= 0) || sequences < 1) {
      throw new IllegalArgumentException(
          "cycles " + cycles + ", tolerance " + tolerance + ", sequences " + sequences);
    }
  }

  /** As published. */
  public static Dsnot published(long sequences) {
    return new Dsnot(50, 0.1, sequences);
  }

  static boolean supports(Pattern pattern) {
    return pattern instanceof Pattern.Unstructured || pattern instanceof Pattern.NM;
  }

  /**
   * A mask with the same counts and row errors that are no larger.
   *
   * @param layer with statistics
   * @throws FiligreeException FIL-0421 for patterns other than unstructured and N:M, FIL-0420 for
   *     missing statistics
   */
  public Mask refine(Layer layer, Mask mask, Pattern pattern, Workers workers) {
    if (!supports(pattern)) {
      throw new FiligreeException(
          Message.FIL_0421, "dsnot", pattern.text(), "unstructured and N:M");
    }
    if (layer.statistics() == null) {
      throw new FiligreeException(
          Message.FIL_0420, layer.name(), "dsnot", "statistics of the layer's inputs");
    }
    int group = pattern instanceof Pattern.NM nm ? nm.m() : layer.cols();
    double[] norms = layer.statistics().norms();
    double[] variances = layer.statistics().variances();
    double[] expected = Arrays.stream(layer.statistics().sums()).map(s -> s / sequences).toArray();
    boolean[] kept = new boolean[layer.rows() * layer.cols()];
    workers.run(
        layer.rows(),
        1,
        4,
        (long) kept.length * cycles,
        (from, to) -> {
          for (int r = from; r < to; r++) {
            boolean[] row = new boolean[layer.cols()];
            for (int c = 0; c < row.length; c++) {
              row[c] = mask.kept(r, c);
            }
            new Row(layer, r, row, expected, variances, norms, group).refine();
            System.arraycopy(row, 0, kept, r * row.length, row.length);
          }
        });
    return MaskBits.of(kept, layer.rows(), layer.cols());
  }

  /** One row while its weights are swapped. */
  private final class Row {
    private final boolean[] kept;
    private final boolean[] tried;
    private final double[] share;
    private final double[] growth;
    private final double[] score;
    private final int group;
    private double error;

    Row(
        Layer layer,
        int r,
        boolean[] kept,
        double[] expected,
        double[] variances,
        double[] norms,
        int group) {
      int n = layer.cols();
      this.kept = kept;
      this.group = group;
      tried = new boolean[n];
      share = new double[n];
      growth = new double[n];
      score = new double[n];
      for (int j = 0; j < n; j++) {
        double w = layer.weights().get(r * n + j);
        share[j] = w * expected[j];
        // An input that never varies has no variance to divide by; its share counts in full.
        growth[j] = variances[j] > 0 ? share[j] / variances[j] : share[j];
        score[j] = Math.abs(w) * norms[j];
        error += kept[j] ? 0 : share[j];
      }
    }

    void refine() {
      for (int cycle = 0; cycle < cycles && Math.abs(error) > tolerance; cycle++) {
        int grown = toGrow();
        int pruned = grown < 0 ? -1 : toPrune(grown);
        if (pruned < 0) {
          return;
        }
        tried[grown] = true;
        double after = error + share[pruned] - share[grown];
        if (Math.abs(after) < Math.abs(error)) {
          error = after;
          kept[grown] = true;
          kept[pruned] = false;
          tried[pruned] = true;
        }
      }
    }

    private int toGrow() {
      int best = -1;
      for (int j = 0; j < kept.length; j++) {
        if (!kept[j] && !tried[j]) {
          boolean better =
              error > 0
                  ? best < 0 || growth[j] > growth[best]
                  : best < 0 || growth[j] < growth[best];
          best = better ? j : best;
        }
      }
      return best;
    }

    private int toPrune(int grown) {
      boolean anySign = group < kept.length;
      int from = grown / group * group;
      int best = -1;
      for (int j = from; j < from + group; j++) {
        boolean helps = anySign || (error > 0 ? share[j] < 0 : share[j] > 0);
        if (kept[j] && !tried[j] && helps && (best < 0 || score[j] < score[best])) {
          best = j;
        }
      }
      return best;
    }
  }
}
