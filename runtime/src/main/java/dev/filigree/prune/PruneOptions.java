package dev.filigree.prune;

import dev.filigree.criterion.LayerPlans;
import dev.filigree.criterion.OneShotPlan;
import java.util.List;

/**
 * What is pruned and how.
 *
 * @param plans method, pattern, sparsity and scope of which tensors
 * @param allocation how the sparsity is shared among the tensors
 * @param include globs over tensor names; empty for all
 * @param exclude globs over tensor names that are left out
 * @param skipIndivisible whether a tensor whose width an N:M pattern does not divide is left dense;
 *     else it is an error
 * @param reconstruction whether the reconstruction error is computed where there are inputs; it
 *     takes X^T X
 */
public record PruneOptions(
    LayerPlans plans,
    AllocationRule allocation,
    List<String> include,
    List<String> exclude,
    boolean skipIndivisible,
    boolean reconstruction) {

  /** Copies the lists. */
  public PruneOptions {
    include = List.copyOf(include);
    exclude = List.copyOf(exclude);
  }

  /** Everything, uniformly; indivisible widths are errors. */
  public static PruneOptions of(OneShotPlan plan) {
    return new PruneOptions(
        LayerPlans.all(plan), AllocationRule.UNIFORM, List.of(), List.of(), false, true);
  }
}
