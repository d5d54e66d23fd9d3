package dev.filigree.allocate;

import java.util.List;

/** How the removed share is spread over layers. */
public sealed interface AllocationPlan {

  /** The same sparsity in every layer. */
  record Uniform() implements AllocationPlan {}

  /** Erdos-Renyi, see {@link Allocations#er}. */
  record Er() implements AllocationPlan {}

  /**
   * Erdos-Renyi-Kernel, see {@link Allocations#erk}.
   *
   * @param power 1 as published
   */
  record Erk(double power) implements AllocationPlan {}

  /**
   * By outliers, see {@link Allocations#owl}.
   *
   * @param m what counts as an outlier, in means; above 0
   * @param lambda the most a layer's sparsity may differ from the whole; 0 or more
   */
  record Owl(double m, double lambda) implements AllocationPlan {
    /** Checks the ranges. */
    public Owl {
      if (!(m > 0) || !(lambda >= 0)) {
        throw new IllegalArgumentException("m " + m + ", lambda " + lambda);
      }
    }
  }

  /**
   * By the measured harm of pruning each layer alone, see {@link MeasuredAllocation}.
   *
   * @param sparsities ascending, above 0 and below 1, at which every layer is tried
   */
  record Measured(List<Double> sparsities) implements AllocationPlan {
    /** Copies. */
    public Measured {
      sparsities = List.copyOf(sparsities);
    }
  }

  /** By {@link Evolution}. */
  record Search(Evolution settings) implements AllocationPlan {}

  /** The same everywhere. */
  static AllocationPlan uniform() {
    return new Uniform();
  }

  /** ERK with power 1. */
  static AllocationPlan erk() {
    return new Erk(1);
  }

  /** OWL as published for 70 %: m 5, lambda 0.08. */
  static AllocationPlan owl() {
    return new Owl(5, 0.08);
  }

  /** Measured at 30, 50, 70, 80, 90 and 95 %. */
  static AllocationPlan measured() {
    return new Measured(List.of(0.3, 0.5, 0.7, 0.8, 0.9, 0.95));
  }

  /** {@link Evolution#defaults} with a seed. */
  static AllocationPlan evolution(long seed) {
    return new Search(Evolution.defaults().withSeed(seed));
  }

  /** Its name in lower case, for reports. */
  default String label() {
    return this instanceof Search
        ? "evolution"
        : getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
  }
}
