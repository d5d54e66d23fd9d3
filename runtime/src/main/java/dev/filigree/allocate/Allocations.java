package dev.filigree.allocate;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.SparsityCount;
import java.util.List;

/** Shares that follow from the layers' shapes, or from one number per layer. */
public final class Allocations {
  private Allocations() {}

  /**
   * The same sparsity everywhere: every layer loses floor(units * sparsity) steps, so up to one
   * step per layer less than the total of the other ways.
   */
  public static Allocation uniform(List<LayerUnits> layers, double sparsity) {
    Budget.of(layers, sparsity);
    long[] removed =
        layers.stream().mapToLong(l -> SparsityCount.floor(l.units(), sparsity)).toArray();
    return Allocation.of(layers, removed);
  }

  /**
   * Erdos-Renyi: the density of a layer is proportional to (inputs + outputs) / (inputs * outputs),
   * kernels left out. Mocanu et al. 2018.
   *
   * @throws FiligreeException FIL-0101, FIL-0361
   */
  public static Allocation er(List<LayerUnits> layers, double sparsity) {
    return byDensity(
        layers, sparsity, layers.stream().mapToDouble(l -> raw(l.shape().subList(0, 2))).toArray());
  }

  /**
   * Erdos-Renyi-Kernel: the density of a layer is proportional to the sum of its dimensions over
   * their product, to a power; layers that would get more than all stay dense, and the others are
   * solved again. Evci et al. 2020 (RigL).
   *
   * @param power 1 as published, 0 for the same density everywhere
   * @throws FiligreeException FIL-0101, FIL-0361
   */
  public static Allocation erk(List<LayerUnits> layers, double sparsity, double power) {
    return byDensity(
        layers,
        sparsity,
        layers.stream().mapToDouble(l -> Math.pow(raw(l.shape()), power)).toArray());
  }

  private static double raw(List<Integer> dimensions) {
    double sum = 0;
    double product = 1;
    for (int d : dimensions) {
      sum += d;
      product *= d;
    }
    return sum / product;
  }

  private static Allocation byDensity(List<LayerUnits> layers, double sparsity, double[] raw) {
    long budget = Budget.of(layers, sparsity);
    int n = raw.length;
    boolean[] dense = new boolean[n];
    double scale = 0;
    for (boolean again = true; again; ) {
      double wanted = Budget.size(layers) - (double) budget;
      double weight = 0;
      for (int i = 0; i < n; i++) {
        double size = layers.get(i).size();
        wanted -= dense[i] ? size : 0;
        weight += dense[i] ? 0 : raw[i] * size;
      }
      scale = weight == 0 ? 0 : wanted / weight;
      again = false;
      for (int i = 0; i < n; i++) {
        if (!dense[i] && scale * raw[i] > 1) {
          dense[i] = true;
          again = true;
        }
      }
    }
    double[] removed = new double[n];
    for (int i = 0; i < n; i++) {
      removed[i] = dense[i] ? 0 : (1 - scale * raw[i]) * layers.get(i).size();
    }
    return Budget.round(layers, removed, budget);
  }

  /**
   * OWL (Yin et al. 2024): layers with more outliers lose less. The sparsity of a layer is that of
   * the whole, shifted by up to {@code lambda} either way: with the outlier ratio D scaled to 0 ..
   * 1, it is c - 2 * lambda * D, cut to [sparsity - lambda, sparsity + lambda] as the paper says,
   * with c such that the total over the weights is that of the whole. (The released code averages
   * over layers of any size alike and cuts nothing, so it keeps neither the bounds nor the total.)
   *
   * @param outliers {@link Outliers#ratio} of each layer; layers of one block share one value
   * @param lambda 0 or more; published 0.08
   * @throws FiligreeException FIL-0101, FIL-0361
   */
  public static Allocation owl(
      List<LayerUnits> layers, double[] outliers, double sparsity, double lambda) {
    if (!(lambda >= 0) || outliers.length != layers.size()) {
      throw new IllegalArgumentException("lambda " + lambda + ", " + outliers.length + " ratios");
    }
    long budget = Budget.of(layers, sparsity);
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (double d : outliers) {
      low = Math.min(low, d);
      high = Math.max(high, d);
    }
    double[] shift = new double[outliers.length];
    for (int i = 0; i < shift.length; i++) {
      shift[i] = high > low ? 2 * lambda * (outliers[i] - low) / (high - low) : 0;
    }
    // The total grows with c; at the ends of the range every layer is at a bound.
    double from = sparsity - lambda;
    double to = sparsity + 3 * lambda;
    for (int i = 0; i < 200 && from < to; i++) {
      double c = from + (to - from) / 2;
      if (c == from || c == to) {
        break;
      }
      if (sum(owl(layers, shift, c, sparsity, lambda)) < budget) {
        from = c;
      } else {
        to = c;
      }
    }
    return Budget.round(layers, owl(layers, shift, to, sparsity, lambda), budget);
  }

  private static double[] owl(
      List<LayerUnits> layers, double[] shift, double c, double sparsity, double lambda) {
    double[] removed = new double[shift.length];
    for (int i = 0; i < shift.length; i++) {
      LayerUnits layer = layers.get(i);
      double s = Math.max(sparsity - lambda, Math.min(sparsity + lambda, c - shift[i]));
      removed[i] = Math.max(0, Math.min((double) layer.most(), s * layer.size()));
    }
    return removed;
  }

  private static double sum(double[] values) {
    double sum = 0;
    for (double v : values) {
      sum += v;
    }
    return sum;
  }
}
