package dev.filigree.djl.prune;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import dev.filigree.allocate.Allocation;
import dev.filigree.allocate.AllocationPlan;
import dev.filigree.allocate.Evolution;
import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;
import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.calibrate.LayerStatistics.Contents;
import dev.filigree.criterion.Dsnot;
import dev.filigree.criterion.Gradients;
import dev.filigree.criterion.Layer;
import dev.filigree.criterion.OneShot;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.criterion.Pruned;
import dev.filigree.criterion.ReconstructionError;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.bind.PinnedMasks;
import dev.filigree.djl.serve.Dispatch;
import dev.filigree.djl.train.TrainingHook;
import dev.filigree.file.DataDigest;
import dev.filigree.file.Evaluation;
import dev.filigree.kernel.Workers;
import dev.filigree.mask.Mask;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.SchedulePlan;
import dev.filigree.plan.WeightPlan;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One-shot pruning of a model: calibrate, share out, prune, pin the masks, report. */
public final class Pruner {
  private static final Logger LOG = LoggerFactory.getLogger(Pruner.class);

  private final Model model;
  private final PrunePlan plan;
  private final Targets targets;
  private final Samples calibration;
  private final Map<Target, PruneReport.Layer> results = new HashMap<>();
  private final Map<Target, Mask> masks = new HashMap<>();
  private final List<String> warnings = new ArrayList<>();
  private Map<Target, Gradients> gradients = Map.of();
  private SampleDigests calibrationDigests;
  private Optional<Evolution.Result> search = Optional.empty();
  private OptionalDouble overlap = OptionalDouble.empty();

  private Pruner(Model model, Samples calibration, PrunePlan plan, Targets targets) {
    this.model = model;
    this.calibration = calibration;
    this.plan = plan;
    this.targets = targets;
  }

  /**
   * Prunes by a plan. On any failure the weights are as they were.
   *
   * @param calibration inputs as the model takes them
   */
  public static PruneReport prune(Model model, Samples calibration, PrunePlan plan) {
    Block root = model.getBlock();
    TrainingHook.endRuns(root);
    List<Bindings.Layer> layers = Bindings.bind(root).orThrow();
    return new Pruner(model, calibration, plan, Targets.of(root, layers, plan)).run();
  }

  /**
   * Prunes the layers that declare a criterion with calibration and were not pruned yet, each as it
   * declares.
   *
   * @return empty where there are none
   */
  public static Optional<PruneReport> declared(Model model, Samples calibration) {
    TrainingHook.endRuns(model.getBlock());
    Map<Bindings.Layer, OneShotPlan> plans = new LinkedHashMap<>();
    for (Bindings.Layer layer : Bindings.bind(model.getBlock()).orThrow()) {
      WeightPlan w = layer.binding().plan().flatMap(p -> p.weight()).orElse(null);
      if (w != null && w.criterion().needsCalibration() && layer.binding().pinned() == null) {
        OneShotMethod method = OneShotMethod.valueOf(w.criterion().name());
        plans.put(layer, OneShotPlan.of(method, w.pattern(), w.sparsity()).withScope(w.scope()));
      }
    }
    return plans.isEmpty() ? Optional.empty() : Optional.of(declared(model, calibration, plans));
  }

  private static PruneReport declared(
      Model model, Samples calibration, Map<Bindings.Layer, OneShotPlan> plans) {
    PrunePlan plan = PrunePlan.of(plans.values().iterator().next());
    boolean global = plans.values().stream().anyMatch(p -> p.scope() == Scope.GLOBAL);
    if (global) {
      plan = plan.calibration(PrunePlan.Calibration.DENSE);
    }
    return new Pruner(model, calibration, plan, Targets.declared(model.getBlock(), plans)).run();
  }

  private PruneReport run() {
    boolean inputs =
        plan.needsInputs() || targets.chosen().stream().anyMatch(t -> t.plan().needsInputs());
    if (inputs && !Dispatch.isWoven()) {
      throw new FiligreeException(Message.FIL_0221, plan.layers().method().label());
    }
    if (plan.allocation() instanceof AllocationPlan.Search && plan.evaluation().isEmpty()) {
      throw new FiligreeException(Message.FIL_0226);
    }
    List<DataDigest> digests = data();
    List<Target> chosen = targets.chosen();
    try {
      Optional<Judge> evaluation = plan.evaluation().map(d -> new Judge(model, d, plan.fitness()));
      OptionalDouble before =
          evaluation.isPresent()
              ? OptionalDouble.of(evaluation.get().of(1))
              : OptionalDouble.empty();
      chosen = withDsnot(chosen);
      if (chosen.stream().anyMatch(t -> t.plan().method() == OneShotMethod.GBLM)) {
        gradients =
            GradientNorms.of(
                model,
                calibration,
                chosen,
                plan.loss()
                    .orElseThrow(
                        () -> new FiligreeException(Message.FIL_0227, "the plan has no loss")));
      }
      chosen = allocate(chosen, inputs);
      pruneAll(chosen, inputs);
      Optional<Evaluation> evaluated =
          evaluation.map(e -> new Evaluation("fitness", before, OptionalDouble.of(e.of(1))));
      pin(chosen);
      PruneReport report = report(chosen, digests, evaluated);
      Block root = model.getBlock();
      Bindings.setProvenance(root, Bindings.provenance(root).then(report.receiptStep()));
      return report;
    } catch (RuntimeException | Error e) {
      targets.chosen().forEach(Target::restore);
      throw e;
    }
  }

  /** Digests of all data; samples that are in two roles are refused. */
  private List<DataDigest> data() {
    try (NDManager manager = model.getNDManager().newSubManager()) {
      calibrationDigests = SampleDigests.of(DataDigest.Role.CALIBRATION, calibration, manager);
      List<DataDigest> all = new ArrayList<>(List.of(calibrationDigests.digest()));
      List<SampleDigests> seen = new ArrayList<>(List.of(calibrationDigests));
      plan.search().ifPresent(d -> seen.add(SampleDigests.of(DataDigest.Role.SEARCH, d, manager)));
      if (seen.size() > 1) {
        all.add(seen.get(1).digest());
      }
      if (plan.evaluation().isPresent()) {
        SampleDigests evaluation =
            SampleDigests.of(DataDigest.Role.EVALUATION, plan.evaluation().get(), manager);
        double most = 0;
        for (SampleDigests d : seen) {
          long common = evaluation.commonWith(d);
          if (common > 0 && !plan.allowsOverlap()) {
            throw new FiligreeException(
                Message.FIL_0225, common, evaluation.samples(), d.roleName());
          }
          most = Math.max(most, evaluation.shareIn(d));
        }
        overlap = OptionalDouble.of(most);
        all.add(evaluation.digest());
      }
      return all;
    }
  }

  private List<Target> withDsnot(List<Target> chosen) {
    if (!plan.hasDsnot() || plan.layers().refinement().isPresent()) {
      return chosen;
    }
    Dsnot swaps = Dsnot.published(calibrationDigests.samples());
    return chosen.stream().map(t -> t.with(t.plan().refinedBy(swaps))).toList();
  }

  private List<Target> allocate(List<Target> chosen, boolean inputs) {
    if (plan.allocation() instanceof AllocationPlan.Uniform) {
      return chosen;
    }
    Shares shares = new Shares(model, plan, chosen);
    Map<Target, LayerStatistics> dense = Map.of();
    if (inputs) {
      dense = collect(0, Stages.one(chosen), "dense", t -> contents(t, false));
    }
    Samples judged = plan.search().orElse(calibration);
    Allocation shared = shares.choose(dense, gradients, judged);
    search = shares.search();
    return shares.apply(shared);
  }

  private Contents contents(Target t, boolean error) {
    boolean gram = t.plan().method() == OneShotMethod.SPARSEGPT || error;
    return new Contents(gram, false);
  }

  private Map<Target, LayerStatistics> collect(
      int stage,
      List<List<Target>> stages,
      String key,
      java.util.function.Function<Target, Contents> contents) {
    Calibrator calibrator = calibrator(key);
    Duration perBatch = calibrator.perBatch(stages.get(stage), contents);
    return calibrator.collect(stage, stages.size(), stages.get(stage), contents, perBatch);
  }

  private Calibrator calibrator(String key) {
    Optional<Checkpoint> stored =
        plan.checkpoint()
            .map(
                d ->
                    new Checkpoint(
                        d.resolve(key), CheckpointKey.of(calibrationDigests, targets, plan)));
    return new Calibrator(model, calibration, calibrationDigests, plan.progress(), stored);
  }

  private void pruneAll(List<Target> chosen, boolean inputs) {
    if (!inputs) {
      prune(chosen, Map.of());
      return;
    }
    List<Target> order = calibrator("pass").order(chosen);
    List<List<Target>> stages =
        plan.calibration() == PrunePlan.Calibration.DENSE
            ? Stages.one(order)
            : Stages.of(model.getBlock(), order);
    for (int s = 0; s < stages.size(); s++) {
      Map<Target, LayerStatistics> statistics =
          collect(s, stages, "pass", t -> contents(t, plan.wantsReconstructionError()));
      prune(stages.get(s), statistics);
    }
  }

  /** Prunes the layers of one stage; those that share one count together. */
  private void prune(List<Target> stage, Map<Target, LayerStatistics> statistics) {
    Map<OneShotPlan, List<Target>> groups = new LinkedHashMap<>();
    for (Target t : stage) {
      groups.computeIfAbsent(t.plan(), p -> new ArrayList<>()).add(t);
    }
    groups.forEach(
        (layerPlan, group) -> {
          List<Layer> layers =
              group.stream().map(t -> layer(t, statistics.get(t), gradients.get(t))).toList();
          OneShot oneShot = new OneShot(layerPlan);
          if (layerPlan.scope() == Scope.GLOBAL) {
            List<Pruned> all = oneShot.pruneAll(layers);
            for (int i = 0; i < all.size(); i++) {
              done(group.get(i), layers.get(i), all.get(i));
            }
          } else {
            for (int i = 0; i < layers.size(); i++) {
              done(group.get(i), layers.get(i), oneShot.prune(layers.get(i)));
            }
          }
        });
  }

  static Layer layer(Target t, LayerStatistics statistics, Gradients gradients) {
    Layer layer = Layer.of(t.name(), t.layout().rows(), t.layout().cols(), t.dense());
    layer = statistics == null ? layer : layer.with(statistics);
    return gradients == null ? layer : layer.with(gradients);
  }

  private void done(Target t, Layer layer, Pruned pruned) {
    t.write(pruned.weights());
    masks.put(t, pruned.mask());
    warnings.addAll(pruned.warnings());
    pruned.warnings().forEach(LOG::warn);
    double error = Double.NaN;
    double relative = Double.NaN;
    if (layer.statistics() != null && layer.statistics().gram().isPresent()) {
      error = ReconstructionError.of(layer, pruned.weights(), Workers.shared());
      FloatBuffer nothing = FloatBuffer.allocate(t.dense().capacity());
      double whole = ReconstructionError.of(layer, nothing, Workers.shared());
      relative = whole == 0 ? 0 : error / whole;
    }
    results.put(
        t,
        new PruneReport.Layer(
            t.name(),
            t.file(),
            t.layout().rows(),
            t.layout().cols(),
            pruned.mask().keptCount(),
            pruned.mask().sparsity(),
            error,
            relative,
            t.layout().toArray(pruned.mask()).sha256(),
            ""));
  }

  /** From now on training and files keep these masks. */
  private void pin(List<Target> chosen) {
    Map<Binding, Map<String, Mask>> byLayer = new LinkedHashMap<>();
    Map<Binding, Target> any = new HashMap<>();
    for (Target t : chosen) {
      byLayer
          .computeIfAbsent(t.binding(), b -> new HashMap<>())
          .put(t.parameter().getId(), masks.get(t));
      any.put(t.binding(), t);
    }
    byLayer.forEach((b, m) -> b.pin(new PinnedMasks(weightPlan(any.get(b)), m)));
    Bindings.bind(model.getBlock());
  }

  private WeightPlan weightPlan(Target t) {
    OneShotPlan p = t.plan();
    boolean global = p.scope() == Scope.GLOBAL;
    return new WeightPlan(
        p.pattern(),
        global ? masks.get(t).sparsity() : p.sparsity(),
        Criterion.MAGNITUDE,
        global ? Scope.LAYER : p.scope(),
        Training.HARD,
        0,
        SchedulePlan.oneShot());
  }

  private PruneReport report(
      List<Target> chosen, List<DataDigest> digests, Optional<Evaluation> evaluation) {
    Map<String, String> settings = new LinkedHashMap<>();
    OneShotPlan layers = plan.layers();
    settings.put("method", layers.method().label() + (plan.hasDsnot() ? "+dsnot" : ""));
    settings.put("pattern", layers.pattern().text());
    settings.put("sparsity", String.valueOf(layers.sparsity()));
    settings.put("scope", layers.scope().name().toLowerCase(java.util.Locale.ROOT));
    settings.put("allocation", plan.allocation().label());
    settings.put("calibration", plan.calibration().name().toLowerCase(java.util.Locale.ROOT));
    List<PruneReport.Layer> all = new ArrayList<>();
    chosen.forEach(t -> all.add(results.get(t)));
    all.addAll(targets.skipped());
    return new PruneReport(
        all, settings, layers.seed(), digests, evaluation, overlap, search, warnings);
  }
}
