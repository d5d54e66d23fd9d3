package dev.filigree.recipe;

import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Granularity;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.PlanRules;
import java.util.List;

/** Declarations with the defaults of the annotations. */
final class WeightDefaults {
  private WeightDefaults() {}

  /** What {@code @NMSparse} is where nothing else is said. */
  static Declaration.NM groups(Pattern.NM nm, Criterion criterion) {
    return new Declaration.NM(
        nm.n(),
        nm.m(),
        criterion,
        Training.SR_STE,
        PlanRules.NM_LAMBDA,
        PlanRules.NM_SCHEDULE,
        List.of(),
        List.of());
  }

  /** What {@code @Sparse} is where nothing else is said. */
  static Declaration.Weights shared(Pattern pattern, double sparsity, Criterion criterion) {
    return new Declaration.Weights(
        sparsity,
        granularity(pattern),
        pattern instanceof Pattern.Block b ? List.of(b.outputs(), b.inputs()) : List.of(),
        criterion,
        Scope.DEFAULT,
        PlanRules.SPARSE_SCHEDULE,
        List.of(),
        List.of());
  }

  private static Granularity granularity(Pattern pattern) {
    return pattern instanceof Pattern.Block
        ? Granularity.BLOCK
        : pattern instanceof Pattern.Row
            ? Granularity.ROW
            : pattern instanceof Pattern.Channel ? Granularity.CHANNEL : Granularity.UNSTRUCTURED;
  }
}
