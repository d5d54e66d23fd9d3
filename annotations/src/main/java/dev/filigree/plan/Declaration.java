package dev.filigree.plan;

import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Granularity;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;
import java.util.List;

/**
 * Annotation values as they were written, before any check; the compiler and the runtime both fill
 * these.
 */
public sealed interface Declaration
    permits Declaration.Weights, Declaration.NM, Declaration.Activations {

  /** Path globs of layers to take (types only). */
  List<String> include();

  /** Path globs of layers to leave alone (types only). */
  List<String> exclude();

  /** {@code @Schedule} as written. */
  record Ramp(ScheduleKind kind, double start, double end, int every, double power) {}

  /** {@code @Sparse} as written. */
  record Weights(
      double sparsity,
      Granularity granularity,
      List<Integer> block,
      Criterion criterion,
      Scope scope,
      Ramp schedule,
      List<String> include,
      List<String> exclude)
      implements Declaration {}

  /** {@code @NMSparse} as written. */
  record NM(
      int n,
      int m,
      Criterion criterion,
      Training training,
      double lambda,
      Ramp schedule,
      List<String> include,
      List<String> exclude)
      implements Declaration {}

  /** {@code @ActivationSparse} as written; empty role names and a NaN sparsity mean not given. */
  record Activations(
      double sparsity,
      ActivationMethod method,
      String gate,
      String up,
      String down,
      ReluPlan relu,
      List<String> include,
      List<String> exclude)
      implements Declaration {

    /** Without what is for RELU only. */
    public Activations(
        double sparsity,
        ActivationMethod method,
        String gate,
        String up,
        String down,
        List<String> include,
        List<String> exclude) {
      this(sparsity, method, gate, up, down, ReluPlan.PLAIN, include, exclude);
    }
  }
}
