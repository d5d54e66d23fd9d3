package dev.filigree.decoder.sparsity;

import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.criterion.Layer;
import dev.filigree.criterion.LayerPlans;
import dev.filigree.criterion.OneShot;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.criterion.Pruned;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.OverlaidWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.mask.Mask;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Prunes those of the seven projections that have a plan, of one block after another; nothing of a
 * block is kept.
 */
final class BlockPruner {
  private final DecoderWeights weights;
  private final LayerPlans plans;

  /**
   * @throws FiligreeException FIL-0421 for a method that needs gradients
   */
  BlockPruner(DecoderWeights weights, LayerPlans plans) {
    for (OneShotPlan plan : plans.plans()) {
      if (plan.method().needs() == OneShotMethod.Needs.GRADIENTS) {
        throw new FiligreeException(
            Message.FIL_0421,
            plan.method().label(),
            "a decoder",
            "magnitude, random, wanda, sparsegpt");
      }
    }
    this.weights = weights;
    this.plans = plans;
  }

  /**
   * A pruned block.
   *
   * @param replaced those of its seven weights that were pruned, by name, as {@link
   *     DecoderWeights#floats} gives them
   * @param masks by name
   * @param warnings messages to show
   */
  record Block(Map<String, ByteBuffer> replaced, Map<String, Mask> masks, List<String> warnings) {
    /** The model with this block pruned. */
    DecoderWeights in(DecoderWeights base) {
      return new OverlaidWeights(base, replaced);
    }
  }

  /**
   * Statistics without any token yet, one for every distinct input of a block that is looked at.
   */
  Map<Projection.Site, LayerStatistics> statistics(int layer) {
    Map<Projection.Site, LayerStatistics> out = new EnumMap<>(Projection.Site.class);
    for (Projection.Site site : Projection.Site.values()) {
      Projection first = site.projections()[0];
      List<OneShotPlan> calibrated =
          Arrays.stream(site.projections())
              .flatMap(p -> plans.of(p.weight(layer)).stream())
              .filter(OneShotPlan::needsInputs)
              .filter(plan -> !GlobalChoice.isGlobal(plan))
              .toList();
      if (calibrated.isEmpty()) {
        continue;
      }
      LayerStatistics.Contents contents =
          calibrated.stream().anyMatch(p -> p.method().needs() == OneShotMethod.Needs.GRAM)
              ? LayerStatistics.Contents.GRAM
              : LayerStatistics.Contents.SUMS;
      out.put(
          site, new LayerStatistics(first.weight(layer), first.cols(weights.config()), contents));
    }
    return out;
  }

  /**
   * Prunes a block.
   *
   * @param statistics of its inputs, where a plan needs them
   * @param global what plans chose that count over all blocks
   * @throws FiligreeException as {@link OneShot#prune}
   */
  Block prune(int layer, Map<Projection.Site, LayerStatistics> statistics, GlobalChoice global) {
    Map<String, ByteBuffer> replaced = new LinkedHashMap<>();
    Map<String, Mask> masks = new LinkedHashMap<>();
    List<String> warnings = new ArrayList<>();
    for (Projection p : Projection.values()) {
      Optional<OneShotPlan> plan = plans.of(p.weight(layer));
      if (plan.isEmpty()) {
        continue;
      }
      Pruned result =
          GlobalChoice.isGlobal(plan.get())
              ? global.prune(plan.get(), p, layer)
              : prune(plan.get(), p, layer, statistics);
      replaced.put(p.weight(layer), direct(result.weights()));
      masks.put(p.weight(layer), result.mask());
      warnings.addAll(result.warnings());
    }
    return new Block(replaced, masks, warnings);
  }

  private Pruned prune(
      OneShotPlan plan, Projection p, int layer, Map<Projection.Site, LayerStatistics> statistics) {
    DecoderConfig c = weights.config();
    Layer dense =
        Layer.of(
            p.weight(layer), p.rows(c), p.cols(c), weights.floats(p.weight(layer)).asFloatBuffer());
    return new OneShot(plan)
        .prune(plan.needsInputs() ? dense.with(statistics.get(p.site())) : dense);
  }

  private static ByteBuffer direct(FloatBuffer values) {
    ByteBuffer out = AlignedMemory.allocate(4 * values.remaining());
    out.asFloatBuffer().put(values.duplicate());
    return out;
  }
}
