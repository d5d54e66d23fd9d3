package dev.filigree.decoder.sparsity;

import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.criterion.LayerPlans;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.LayerObserver;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedLayer;
import dev.filigree.file.DType;
import dev.filigree.file.SafetensorsWriter;
import dev.filigree.file.Spool;
import dev.filigree.file.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes what every projection of a decoder receives, F32 [tokens][inputs] under the name of its
 * weight, as pruning of a bare file wants it. Values go to disk as they come: memory holds one
 * block and the residual stream of the sequences.
 */
public final class InputCapture {
  private InputCapture() {}

  /**
   * What was written.
   *
   * @param tokens positions, the last of every sequence left out
   * @param tensors names and widths, in the order of the file
   */
  public record Result(long tokens, Map<String, Integer> tensors) {}

  /**
   * Writes the file, whole or not at all.
   *
   * @param sequences calibration ids
   * @param behind how the blocks before a block are pruned; empty for inputs of the untouched model
   * @param metadata texts for the file
   * @throws dev.filigree.plan.FiligreeException FIL-0403 for the target, FIL-0717, FIL-0713,
   *     FIL-0714 for the sequences, and as {@link dev.filigree.criterion.OneShot#prune}
   */
  public static Result write(
      Path target,
      DecoderWeights weights,
      List<int[]> sequences,
      Optional<OneShotPlan> behind,
      Map<String, String> metadata,
      DecoderPruning.Progress progress) {
    DecoderConfig c = weights.config();
    BlockPass pass = new BlockPass(weights, sequences);
    BlockPruner pruner =
        behind.map(plan -> new BlockPruner(weights, LayerPlans.all(plan))).orElse(null);
    GlobalChoice global =
        GlobalChoice.of(
            weights,
            behind.map(LayerPlans::all).orElseGet(LayerPlans::none),
            sequences,
            DecoderPruning.Mode.SEQUENTIAL,
            () -> progress.at(0, c.layers()));
    long tokens = sequences.stream().mapToLong(s -> s.length - 1L).sum();
    List<Tensor> tensors = new ArrayList<>();
    Map<String, Integer> widths = new LinkedHashMap<>();
    try (Spool spool = Spool.beside(target)) {
      for (int l = 0; l < c.layers(); l++) {
        Map<Projection.Site, Spool.Slot> slots = slots(spool, c, l, tokens);
        Map<Projection.Site, LayerStatistics> statistics =
            pruner == null ? Map.of() : pruner.statistics(l);
        LayerObserver observer =
            (site, rows) -> {
              slots.get(site).append(bytes(rows));
              if (statistics.containsKey(site)) {
                statistics.get(site).add(rows);
              }
            };
        try (PackedLayer block = PackedLayer.pack(weights, l, PackSettings.DENSE)) {
          (pruner == null ? pass : pass.copy()).run(block, null, observer);
        }
        if (pruner != null) {
          DecoderWeights pruned = pruner.prune(l, statistics, global).in(weights);
          try (PackedLayer block = PackedLayer.pack(pruned, l, PackSettings.DENSE)) {
            pass.run(block, null, null);
          }
        }
        for (Projection p : Projection.values()) {
          // Projections that share an input have the same bytes, which the format wants twice.
          Tensor of = slots.get(p.site()).tensor();
          tensors.add(new Tensor(p.weight(l), of.dtype(), of.shape(), of.chunks()));
          widths.put(p.weight(l), p.cols(c));
        }
        progress.at(l + 1, c.layers());
      }
      SafetensorsWriter.write(target, tensors, metadata);
    }
    return new Result(tokens, widths);
  }

  private static Map<Projection.Site, Spool.Slot> slots(
      Spool spool, DecoderConfig c, int layer, long tokens) {
    Map<Projection.Site, Spool.Slot> slots = new EnumMap<>(Projection.Site.class);
    for (Projection.Site site : Projection.Site.values()) {
      Projection first = site.projections()[0];
      slots.put(site, spool.reserve(first.weight(layer), DType.F32, tokens, first.cols(c)));
    }
    return slots;
  }

  private static ByteBuffer bytes(FloatBuffer rows) {
    ByteBuffer out = ByteBuffer.allocate(4 * rows.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    out.asFloatBuffer().put(rows.duplicate());
    return out;
  }
}
