package dev.filigree.prune;

import dev.filigree.allocate.Allocation;
import dev.filigree.allocate.Allocations;
import dev.filigree.allocate.LayerUnits;
import java.util.List;
import java.util.stream.IntStream;

/** How one sparsity becomes that of every matrix of a file, from their shapes alone. */
public enum AllocationRule {
  /** The same everywhere. */
  UNIFORM,
  /** Erdős–Rényi, {@link Allocations#er}: small and narrow matrices keep more. */
  ER,
  /** Erdős–Rényi kernel, {@link Allocations#erk}: on matrices the same as {@link #ER}. */
  ERK;

  /** The sparsity of every layer; together they have the one asked for. */
  double[] sparsities(List<LayerUnits> layers, double sparsity) {
    Allocation allocation =
        switch (this) {
          case UNIFORM -> Allocations.uniform(layers, sparsity);
          case ER -> Allocations.er(layers, sparsity);
          case ERK -> Allocations.erk(layers, sparsity, 1);
        };
    return IntStream.range(0, layers.size()).mapToDouble(allocation::sparsity).toArray();
  }
}
