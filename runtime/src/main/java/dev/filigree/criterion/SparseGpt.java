package dev.filigree.criterion;

import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.kernel.Workers;
import dev.filigree.linalg.InverseFactor;
import dev.filigree.mask.Groups;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * SparseGPT (Frantar, Alistarh 2023), in double precision: columns from left to right, the error of
 * every removed weight spread over the columns to its right by the upper Cholesky factor U of H^-1,
 * H = 2/n X^T X + damping * mean of its diagonal.
 *
 * <p>As published, an input that is always zero gets a diagonal of 1 and its weights become zero.
 * Where the published code removes one weight more than asked (its threshold is inclusive), this
 * removes exactly the count. Memory beyond the layer's: the factor, inputs^2 / 2 doubles, and the
 * weights twice in double.
 */
final class SparseGpt {
  private static final double[] DAMPINGS = {0.01, 0.1, 1};

  private final OneShotPlan plan;
  private final Workers workers;

  SparseGpt(OneShotPlan plan, Workers workers) {
    this.plan = plan;
    this.workers = workers;
  }

  /**
   * Prunes a layer that has X^T X.
   *
   * @param fallback used, with a warning, where H cannot be factored even with damping 1
   */
  Pruned prune(Layer layer, Function<Layer, Pruned> fallback) {
    if (plan.pattern() instanceof Pattern.NM nm) {
      Groups.check(layer.name(), layer.cols(), nm.m());
    }
    double[][] gram =
        layer
            .statistics()
            .gram()
            .orElseThrow(
                () ->
                    new FiligreeException(
                        Message.FIL_0420, layer.name(), plan.method().label(), "X^T X"));
    List<String> warnings = new ArrayList<>();
    for (double damping : DAMPINGS) {
      double[][] factor = damped(gram, layer.statistics(), damping);
      if (InverseFactor.replace(factor, workers)) {
        if (damping != DAMPINGS[0]) {
          warnings.add(Message.FIL_0427.text(layer.name(), DAMPINGS[0], damping));
        }
        SparseGptRun run = new SparseGptRun(plan, layer, dead(gram), factor, workers);
        run.prune();
        return new Pruned(layer.name(), run.mask(), run.weights(), true, warnings);
      }
    }
    Pruned other = fallback.apply(layer);
    warnings.add(Message.FIL_0422.text(layer.name(), DAMPINGS[DAMPINGS.length - 1]));
    warnings.addAll(other.warnings());
    return new Pruned(other.name(), other.mask(), other.weights(), other.updated(), warnings);
  }

  /** Inputs that are zero in every token. */
  private static boolean[] dead(double[][] gram) {
    boolean[] dead = new boolean[gram.length];
    for (int j = 0; j < dead.length; j++) {
      dead[j] = gram[j][j] == 0;
    }
    return dead;
  }

  /** A copy of H's lower triangle with its damping. */
  private static double[][] damped(double[][] gram, LayerStatistics statistics, double damping) {
    double scale = 2.0 / statistics.tokens();
    int n = gram.length;
    double[][] h = new double[n][];
    double sum = 0;
    for (int j = 0; j < n; j++) {
      double[] row = gram[j].clone();
      for (int i = 0; i <= j; i++) {
        row[i] *= scale;
      }
      row[j] = gram[j][j] == 0 ? 1 : row[j];
      sum += row[j];
      h[j] = row;
    }
    double added = damping * (sum / n);
    for (int j = 0; j < n; j++) {
      h[j][j] += added;
    }
    return h;
  }
}
