package dev.filigree.decoder.sparsity;

import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.criterion.Layer;
import dev.filigree.criterion.OneShot;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.criterion.Pruned;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.OverlaidWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.LayerObserver;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedLayer;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.mask.Mask;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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

  /**
   * Prunes a model.
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
    if (plan.method().needs() == OneShotMethod.Needs.GRADIENTS) {
      throw new FiligreeException(
          Message.FIL_0421,
          plan.method().label(),
          "a decoder",
          "magnitude, random, wanda, sparsegpt");
    }
    boolean calibrated = plan.needsInputs();
    if (calibrated && sequences.isEmpty()) {
      throw new FiligreeException(Message.FIL_0719, plan.method().label());
    }
    DecoderConfig c = weights.config();
    Map<String, ByteBuffer> replaced = new LinkedHashMap<>();
    Map<String, Mask> masks = new LinkedHashMap<>();
    List<String> warnings = new ArrayList<>();
    DecoderWeights pruned = new OverlaidWeights(weights, replaced);
    OneShot oneShot = new OneShot(plan);
    BlockPass pass = calibrated ? new BlockPass(weights, sequences) : null;
    for (int l = 0; l < c.layers(); l++) {
      Map<Projection.Site, LayerStatistics> statistics =
          calibrated ? statistics(weights, l, plan, pass, mode) : Map.of();
      for (Projection p : Projection.values()) {
        Layer layer =
            Layer.of(
                p.weight(l), p.rows(c), p.cols(c), weights.floats(p.weight(l)).asFloatBuffer());
        Pruned result = oneShot.prune(calibrated ? layer.with(statistics.get(p.site())) : layer);
        replaced.put(p.weight(l), direct(result.weights()));
        masks.put(p.weight(l), result.mask());
        warnings.addAll(result.warnings());
      }
      if (calibrated && mode == Mode.SEQUENTIAL) {
        try (PackedLayer block = PackedLayer.pack(pruned, l, PackSettings.DENSE)) {
          pass.run(block, null, null);
        }
      }
      progress.at(l + 1, c.layers());
    }
    return new Result(pruned, masks, List.copyOf(warnings));
  }

  /** All inputs of one block, from one pass while it is still dense. */
  private static Map<Projection.Site, LayerStatistics> statistics(
      DecoderWeights weights, int layer, OneShotPlan plan, BlockPass pass, Mode mode) {
    DecoderConfig c = weights.config();
    LayerStatistics.Contents contents =
        plan.method().needs() == OneShotMethod.Needs.GRAM
            ? LayerStatistics.Contents.GRAM
            : LayerStatistics.Contents.SUMS;
    Map<Projection.Site, LayerStatistics> out = new EnumMap<>(Projection.Site.class);
    for (Projection.Site site : Projection.Site.values()) {
      Projection first = site.projections()[0];
      out.put(site, new LayerStatistics(first.weight(layer), first.cols(c), contents));
    }
    LayerObserver observer = (site, rows) -> out.get(site).add(rows);
    try (PackedLayer block = PackedLayer.pack(weights, layer, PackSettings.DENSE)) {
      (mode == Mode.DENSE ? pass : pass.copy()).run(block, null, observer);
    }
    return out;
  }

  private static ByteBuffer direct(FloatBuffer values) {
    ByteBuffer out = AlignedMemory.allocate(4 * values.remaining());
    out.asFloatBuffer().put(values.duplicate());
    return out;
  }
}
