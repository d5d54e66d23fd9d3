package dev.filigree.allocate;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.SparsityCount;
import java.util.List;

/**
 * A total that layers share, and the rounding of shares to whole steps.
 *
 * <p>The total is floor(size of all layers * sparsity). It is met exactly where a step is one
 * weight or block; with larger steps never exceeded, and nothing is left that a step of any layer
 * still fits into.
 */
final class Budget {
  // Shares are computed in double; what is whole up to its rounding is taken as whole.
  private static final double ROUNDING = 1e-7;

  private Budget() {}

  /** What a sparsity removes from all layers together. */
  static long of(List<LayerUnits> layers, double sparsity) {
    if (!(sparsity >= 0 && sparsity < 1)) {
      throw new FiligreeException(Message.FIL_0101, sparsity, sparsity >= 1 ? "0.99" : "0.0");
    }
    return SparsityCount.floor(size(layers), sparsity);
  }

  static long size(List<LayerUnits> layers) {
    return layers.stream().mapToLong(LayerUnits::size).sum();
  }

  /**
   * Rounds shares down to steps and hands out what is left by largest remainder; of equal ones the
   * first layer's goes first.
   *
   * @param ideal removed from each layer, not rounded
   * @throws FiligreeException FIL-0361 where the layers cannot lose that much
   */
  static Allocation round(List<LayerUnits> layers, double[] ideal, long budget) {
    long most = layers.stream().mapToLong(LayerUnits::most).sum();
    if (budget > most) {
      throw new FiligreeException(Message.FIL_0361, budget, size(layers), most);
    }
    long[] removed = new long[ideal.length];
    double[] steps = new double[ideal.length];
    long left = budget;
    for (int i = 0; i < ideal.length; i++) {
      LayerUnits layer = layers.get(i);
      steps[i] = ideal[i] / layer.perUnit();
      double whole = Math.floor(steps[i] + ROUNDING);
      removed[i] = Math.max(0, Math.min(layer.units() - 1, (long) whole));
      left -= removed[i] * layer.perUnit();
    }
    while (left < 0) {
      int most0 = furthest(layers, removed, steps, left, -1);
      removed[most0]--;
      left += layers.get(most0).perUnit();
    }
    for (int i = furthest(layers, removed, steps, left, 1); i >= 0; ) {
      LayerUnits layer = layers.get(i);
      long fits = Math.min(layer.units() - 1 - removed[i], left / layer.perUnit());
      long wanted = (long) Math.floor(steps[i] - removed[i]);
      long given = Math.max(1, Math.min(fits, wanted));
      removed[i] += given;
      left -= given * layer.perUnit();
      i = furthest(layers, removed, steps, left, 1);
    }
    return Allocation.of(layers, removed);
  }

  /** The layer whose share is furthest below (direction 1) or above (-1) the ideal, or -1. */
  private static int furthest(
      List<LayerUnits> layers, long[] removed, double[] steps, long left, int direction) {
    int best = -1;
    for (int i = 0; i < removed.length; i++) {
      LayerUnits layer = layers.get(i);
      boolean room =
          direction > 0
              ? removed[i] < layer.units() - 1 && layer.perUnit() <= left
              : removed[i] > 0;
      double gap = direction * (steps[i] - removed[i]);
      if (room && (best < 0 || gap > direction * (steps[best] - removed[best]))) {
        best = i;
      }
    }
    return best;
  }
}
