package dev.filigree.decoder.sparsity;

import dev.filigree.annotations.Scope;
import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.criterion.Layer;
import dev.filigree.criterion.LayerPlans;
import dev.filigree.criterion.OneShot;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.criterion.Pruned;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.model.Tensors;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedLayer;
import dev.filigree.mask.GlobalSelection;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What the projections of all blocks that share one count lose, known before the first is pruned.
 * One matrix at a time is in memory; of the inputs, two numbers a column.
 */
final class GlobalChoice {
  private final DecoderWeights weights;
  private final LayerPlans plans;
  private final Map<OneShotPlan, GlobalSelection> chosen = new HashMap<>();
  private final List<Map<Projection.Site, LayerStatistics>> inputs = new ArrayList<>();

  private GlobalChoice(DecoderWeights weights, LayerPlans plans) {
    this.weights = weights;
    this.plans = plans;
  }

  /** Whether a plan counts over all layers. */
  static boolean isGlobal(OneShotPlan plan) {
    return plan.scope() == Scope.GLOBAL && !(plan.pattern() instanceof Pattern.NM);
  }

  /**
   * Reads the model several times, and the sequences once where a plan looks at inputs: those of
   * the untouched model, since no block is pruned yet.
   *
   * @param working is called now and then
   * @throws FiligreeException FIL-0871 where inputs of pruned blocks are asked for
   */
  static GlobalChoice of(
      DecoderWeights weights,
      LayerPlans plans,
      List<int[]> sequences,
      DecoderPruning.Mode mode,
      Runnable working) {
    GlobalChoice choice = new GlobalChoice(weights, plans);
    List<OneShotPlan> global = plans.plans().stream().filter(GlobalChoice::isGlobal).toList();
    for (OneShotPlan plan : global) {
      if (plan.needsInputs() && mode != DecoderPruning.Mode.DENSE) {
        throw new FiligreeException(Message.FIL_0871, plan.method().label());
      }
    }
    if (global.stream().anyMatch(OneShotPlan::needsInputs)) {
      choice.look(sequences, working);
    }
    global.forEach(plan -> choice.choose(plan, working));
    return choice;
  }

  private void look(List<int[]> sequences, Runnable working) {
    BlockPass pass = new BlockPass(weights, sequences);
    DecoderConfig c = weights.config();
    for (int l = 0; l < c.layers(); l++) {
      Map<Projection.Site, LayerStatistics> own = new EnumMap<>(Projection.Site.class);
      for (Projection.Site site : Projection.Site.values()) {
        Projection first = site.projections()[0];
        own.put(
            site,
            new LayerStatistics(first.weight(l), first.cols(c), LayerStatistics.Contents.SUMS));
      }
      try (PackedLayer block = PackedLayer.pack(weights, l, PackSettings.DENSE)) {
        pass.run(block, null, (site, rows) -> own.get(site).add(rows));
      }
      inputs.add(own);
      working.run();
    }
  }

  private void choose(OneShotPlan plan, Runnable working) {
    DecoderConfig c = weights.config();
    List<GlobalSelection.Matrix> matrices = new ArrayList<>();
    Map<String, Supplier<Layer>> layers = new HashMap<>();
    for (int l = 0; l < c.layers(); l++) {
      for (Projection p : Projection.values()) {
        if (plans.of(p.weight(l)).filter(plan::equals).isPresent()) {
          matrices.add(new GlobalSelection.Matrix(p.weight(l), p.rows(c), p.cols(c)));
          int block = l;
          layers.put(p.weight(l), () -> layer(plan, p, block));
        }
      }
    }
    chosen.put(
        plan,
        new OneShot(plan)
            .choose(
                matrices,
                name -> {
                  working.run();
                  return layers.get(name).get();
                }));
  }

  private Layer layer(OneShotPlan plan, Projection p, int l) {
    DecoderConfig c = weights.config();
    float[] values = Tensors.borrowing(() -> Tensors.array(weights, p.weight(l)));
    Layer layer = Layer.of(p.weight(l), p.rows(c), p.cols(c), FloatBuffer.wrap(values));
    return plan.needsInputs() ? layer.with(inputs.get(l).get(p.site())) : layer;
  }

  /** Prunes one of the projections whose plan counts over all. */
  Pruned prune(OneShotPlan plan, Projection p, int layer) {
    return new OneShot(plan).prune(layer(plan, p, layer), chosen.get(plan));
  }
}
