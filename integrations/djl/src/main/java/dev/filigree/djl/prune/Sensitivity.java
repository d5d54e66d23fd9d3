package dev.filigree.djl.prune;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.criterion.Gradients;
import dev.filigree.criterion.Layer;
import dev.filigree.criterion.OneShot;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.criterion.Pruned;
import dev.filigree.criterion.ReconstructionError;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.serve.Dispatch;
import dev.filigree.djl.train.TrainingHook;
import dev.filigree.file.DataDigest;
import dev.filigree.kernel.Workers;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Prunes layers one by one and all together at several sparsities, and puts the weights back. */
public final class Sensitivity {
  private final List<Target> targets;
  private final List<Double> sparsities;
  private final Judge judge;
  private final Map<Target, LayerStatistics> statistics;
  private final Map<Target, Gradients> gradients;

  private Sensitivity(
      List<Target> targets,
      List<Double> sparsities,
      Judge judge,
      Map<Target, LayerStatistics> statistics,
      Map<Target, Gradients> gradients) {
    this.targets = targets;
    this.sparsities = sparsities;
    this.judge = judge;
    this.statistics = statistics;
    this.gradients = gradients;
  }

  /** Measures; the reconstruction error too where DJL is woven and the plan wants it. */
  public static SensitivityReport measure(
      Model model, Samples data, PrunePlan plan, List<Double> sparsities) {
    OneShotPlan layers = plan.layers();
    if (layers.pattern() instanceof Pattern.NM) {
      throw new FiligreeException(
          Message.FIL_0421,
          "sensitivity over sparsities",
          layers.pattern().text(),
          "unstructured, blocks, rows and channels");
    }
    if (layers.needsInputs() && !Dispatch.isWoven()) {
      throw new FiligreeException(Message.FIL_0221, layers.method().label());
    }
    TrainingHook.endRuns(model.getBlock());
    List<Target> targets =
        Targets.of(model.getBlock(), Bindings.bind(model.getBlock()).orThrow(), plan).chosen();
    Map<Target, LayerStatistics> statistics = Map.of();
    Map<Target, Gradients> gradients = Map.of();
    if (Dispatch.isWoven() && targets.stream().allMatch(Target::isLinear)) {
      statistics = statistics(model, data, plan, targets);
    }
    if (layers.method() == OneShotMethod.GBLM) {
      gradients =
          GradientNorms.of(
              model,
              data,
              targets,
              plan.loss()
                  .orElseThrow(
                      () -> new FiligreeException(Message.FIL_0227, "the plan has no loss")));
    }
    Judge judge = new Judge(model, data, plan.fitness());
    try {
      return new Sensitivity(targets, sparsities, judge, statistics, gradients)
          .run(layers, plan.fitness().isPresent());
    } finally {
      targets.forEach(Target::restore);
    }
  }

  private static Map<Target, LayerStatistics> statistics(
      Model model, Samples data, PrunePlan plan, List<Target> targets) {
    SampleDigests digests;
    try (NDManager manager = model.getNDManager().newSubManager()) {
      digests = SampleDigests.of(DataDigest.Role.CALIBRATION, data, manager);
    }
    boolean gram =
        plan.wantsReconstructionError() || plan.layers().method() == OneShotMethod.SPARSEGPT;
    LayerStatistics.Contents contents = new LayerStatistics.Contents(gram, false);
    Calibrator calibrator = new Calibrator(model, data, digests, plan.progress(), Optional.empty());
    List<Target> order = calibrator.order(targets);
    return calibrator.collect(
        0, 1, order, t -> contents, calibrator.perBatch(order, t -> contents));
  }

  private SensitivityReport run(OneShotPlan plan, boolean own) {
    double dense = judge.of(1);
    double limit = dense + SensitivityReport.TOLERANCE;
    List<SensitivityReport.Curve> curves = new ArrayList<>();
    for (Target t : targets) {
      List<Double> errors = new ArrayList<>();
      List<Double> fitness = new ArrayList<>();
      for (double s : sparsities) {
        errors.add(prune(t, s));
        fitness.add(judge.of(1));
      }
      t.restore();
      curves.add(
          new SensitivityReport.Curve(
              t.name(),
              t.dense().capacity(),
              sparsities,
              errors,
              fitness,
              SensitivityReport.essential(sparsities, fitness, limit)));
    }
    return new SensitivityReport(
        plan.method().label(),
        plan.pattern().text(),
        dense,
        own ? "fitness" : "divergence from dense (nats)",
        SensitivityReport.TOLERANCE,
        curves,
        all(limit));
  }

  private SensitivityReport.Curve all(double limit) {
    List<Double> errors = new ArrayList<>();
    List<Double> fitness = new ArrayList<>();
    for (double s : sparsities) {
      for (Target t : targets) {
        t.write(pruned(t, s).weights());
      }
      errors.add(Double.NaN);
      fitness.add(judge.of(1));
    }
    long weights = targets.stream().mapToLong(t -> t.dense().capacity()).sum();
    return new SensitivityReport.Curve(
        "all layers",
        weights,
        sparsities,
        errors,
        fitness,
        SensitivityReport.essential(sparsities, fitness, limit));
  }

  private Pruned pruned(Target t, double sparsity) {
    return new OneShot(t.plan().withSparsity(sparsity))
        .prune(Pruner.layer(t, statistics.get(t), gradients.get(t)));
  }

  /** Puts the pruned layer into the model; its relative reconstruction error, or NaN. */
  private double prune(Target t, double sparsity) {
    Pruned pruned = pruned(t, sparsity);
    t.write(pruned.weights());
    LayerStatistics own = statistics.get(t);
    if (own == null || own.gram().isEmpty()) {
      return Double.NaN;
    }
    Layer layer = Pruner.layer(t, own, null);
    double whole =
        ReconstructionError.of(layer, FloatBuffer.allocate(t.dense().capacity()), Workers.shared());
    double error = ReconstructionError.of(layer, pruned.weights(), Workers.shared());
    return whole == 0 ? 0 : error / whole;
  }
}
