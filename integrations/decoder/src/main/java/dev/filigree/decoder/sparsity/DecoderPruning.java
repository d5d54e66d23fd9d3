package dev.filigree.decoder.sparsity;

import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.criterion.LayerPlans;
import dev.filigree.criterion.OneShot;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.OverlaidWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.LayerObserver;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedLayer;
import dev.filigree.mask.Mask;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One-shot pruning of the seven projections of every block; embedding and head stay. */
public final class DecoderPruning {
  private DecoderPruning() {}

  /** Where calibration inputs come from. */
  public enum Mode {
    /** From the blocks before as they were pruned; what published code does. */
    SEQUENTIAL,
    /** From the untouched model. */
    DENSE
  }

  /** Is told how far it is. */
  @FunctionalInterface
  public interface Progress {
    /** Called after every block. */
    void at(int done, int total);
  }

  /**
   * A pruned model.
   *
   * @param weights with the pruned projections
   * @param masks by tensor name
   * @param warnings messages to show
   */
  public record Result(DecoderWeights weights, Map<String, Mask> masks, List<String> warnings) {
    /** The share of the projections' weights that the masks remove. */
    public double sparsity() {
      long kept = 0;
      long all = 0;
      for (Mask m : masks.values()) {
        kept += m.keptCount();
        all += (long) m.rows() * m.cols();
      }
      return all == 0 ? 0 : 1 - (double) kept / all;
    }
  }

  /** Takes the pruned blocks one after another. */
  @FunctionalInterface
  public interface BlockSink {
    /**
     * @param layer number of the block
     * @param weights the model with this block pruned, all others as they were
     * @param masks of those of its projections that were pruned, by tensor name
     */
    void accept(int layer, DecoderWeights weights, Map<String, Mask> masks);
  }

  /**
   * Prunes a model whose pruned weights stay in memory.
   *
   * @param sequences calibration ids; may be empty where the method needs none
   * @throws FiligreeException FIL-0719 where the method needs calibration and there is none, and as
   *     {@link OneShot#prune}
   */
  public static Result prune(
      DecoderWeights weights,
      OneShotPlan plan,
      List<int[]> sequences,
      Mode mode,
      Progress progress) {
    Map<String, ByteBuffer> replaced = new LinkedHashMap<>();
    Map<String, Mask> masks = new LinkedHashMap<>();
    List<String> warnings =
        forEachBlock(
            weights,
            LayerPlans.all(plan),
            sequences,
            mode,
            (layer, block, of) -> {
              of.keySet().forEach(name -> replaced.put(name, block.floats(name)));
              masks.putAll(of);
            },
            progress);
    return new Result(new OverlaidWeights(weights, replaced), masks, warnings);
  }

  /**
   * Prunes a model block by block; only one pruned block is in memory at a time. Plans of {@code
   * Scope.GLOBAL} count over all projections of all blocks that they are for.
   *
   * @return warnings to show
   * @throws FiligreeException as {@link #prune}, and FIL-0871 where a plan counts over all blocks,
   *     looks at inputs, and the mode is not {@link Mode#DENSE}
   */
  public static List<String> forEachBlock(
      DecoderWeights weights,
      LayerPlans plans,
      List<int[]> sequences,
      Mode mode,
      BlockSink sink,
      Progress progress) {
    BlockPruner pruner = new BlockPruner(weights, plans);
    Optional<OneShotPlan> needing = plans.needingInputs();
    if (needing.isPresent() && sequences.isEmpty()) {
      throw new FiligreeException(Message.FIL_0719, needing.get().method().label());
    }
    int layers = weights.config().layers();
    List<String> warnings = new ArrayList<>();
    GlobalChoice global =
        GlobalChoice.of(weights, plans, sequences, mode, () -> progress.at(0, layers));
    boolean calibrated =
        plans.plans().stream().anyMatch(p -> p.needsInputs() && !GlobalChoice.isGlobal(p));
    BlockPass pass = calibrated ? new BlockPass(weights, sequences) : null;
    for (int l = 0; l < layers; l++) {
      BlockPruner.Block pruned =
          pruner.prune(
              l, calibrated ? statistics(pruner, weights, l, pass, mode) : Map.of(), global);
      DecoderWeights block = pruned.in(weights);
      warnings.addAll(pruned.warnings());
      if (calibrated && mode == Mode.SEQUENTIAL) {
        try (PackedLayer packed = PackedLayer.pack(block, l, PackSettings.DENSE)) {
          pass.run(packed, null, null);
        }
      }
      sink.accept(l, block, pruned.masks());
      progress.at(l + 1, layers);
    }
    return List.copyOf(warnings);
  }

  /** All inputs of one block, from one pass while it is still dense. */
  private static Map<Projection.Site, LayerStatistics> statistics(
      BlockPruner pruner, DecoderWeights weights, int layer, BlockPass pass, Mode mode) {
    Map<Projection.Site, LayerStatistics> out = pruner.statistics(layer);
    LayerObserver observer =
        (site, rows) -> {
          if (out.containsKey(site)) {
            out.get(site).add(rows);
          }
        };
    try (PackedLayer block = PackedLayer.pack(weights, layer, PackSettings.DENSE)) {
      (mode == Mode.DENSE ? pass : pass.copy()).run(block, null, observer);
    }
    return out;
  }
}
