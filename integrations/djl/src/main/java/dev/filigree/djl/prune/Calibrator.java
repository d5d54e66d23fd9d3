package dev.filigree.djl.prune;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.serve.Dispatch;
import dev.filigree.kernel.Workers;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Gathers statistics of layers' inputs while a model runs over the calibration data: one streaming
 * pass, one batch in memory at a time.
 */
final class Calibrator {
  private final Model model;
  private final Samples data;
  private final SampleDigests digests;
  private final PruneProgress progress;
  private final Optional<Checkpoint> checkpoint;

  Calibrator(
      Model model,
      Samples data,
      SampleDigests digests,
      PruneProgress progress,
      Optional<Checkpoint> checkpoint) {
    this.model = model;
    this.data = data;
    this.digests = digests;
    this.progress = progress;
    this.checkpoint = checkpoint;
  }

  /**
   * The targets in the order in which the first batch reaches their layers, and how long it took.
   *
   * @throws FiligreeException FIL-0222 for a layer that is not reached
   */
  List<Target> order(List<Target> targets) {
    Map<Block, List<Target>> byBlock = new IdentityHashMap<>();
    targets.forEach(t -> byBlock.computeIfAbsent(t.block(), b -> new ArrayList<>()).add(t));
    List<Target> order = new ArrayList<>();
    IdentityHashMap<Block, Boolean> seen = new IdentityHashMap<>();
    try (NDManager manager = model.getNDManager().newSubManager()) {
      data.first(1)
          .forEach(
              manager,
              (i, batch, labels) ->
                  forward(
                      manager,
                      batch,
                      (block, binding, store, inputs) -> {
                        if (byBlock.containsKey(block) && seen.put(block, true) == null) {
                          order.addAll(byBlock.get(block));
                        }
                        return null;
                      }));
    }
    for (Target t : targets) {
      if (!seen.containsKey(t.block())) {
        throw new FiligreeException(Message.FIL_0222, t.name());
      }
    }
    return order;
  }

  /** How long one batch takes with these statistics, measured on the first one. */
  Duration perBatch(List<Target> targets, Function<Target, LayerStatistics.Contents> contents) {
    Collector trial = new Collector(fresh(targets, contents));
    long[] nanos = new long[1];
    try (NDManager manager = model.getNDManager().newSubManager()) {
      data.first(1)
          .forEach(
              manager,
              (i, batch, labels) -> {
                long start = System.nanoTime();
                forward(manager, batch, trial);
                trial.byBlock.values().forEach(LayerStatistics::gram);
                nanos[0] = System.nanoTime() - start;
              });
    }
    return Duration.ofNanos(nanos[0]);
  }

  /**
   * One pass.
   *
   * @param stage number of the pass, for progress and the stored state
   * @param stages how many there will be
   */
  Map<Target, LayerStatistics> collect(
      int stage,
      int stages,
      List<Target> targets,
      Function<Target, LayerStatistics.Contents> contents,
      Duration perBatch) {
    Map<Target, LayerStatistics> statistics = fresh(targets, contents);
    int done = 0;
    if (checkpoint.isPresent()) {
      done = checkpoint.get().resume(stage, statistics);
    }
    int first = done;
    long total = (long) stages * digests.batches();
    String task = "calibrating";
    progress.at(
        task, (long) stage * digests.batches() + first, total, left(perBatch, stage, first, total));
    Collector collector = new Collector(statistics);
    try (NDManager manager = model.getNDManager().newSubManager()) {
      data.forEach(
          manager,
          (i, batch, labels) -> {
            digests.check(i, batch);
            if (i < first) {
              return;
            }
            forward(manager, batch, collector);
            checkpoint.ifPresent(c -> c.saveSometimes(stage, i + 1, statistics));
            progress.at(
                task,
                (long) stage * digests.batches() + i + 1,
                total,
                left(perBatch, stage, i + 1, total));
          });
    }
    for (Target t : targets) {
      if (statistics.get(t).tokens() == 0) {
        throw new FiligreeException(Message.FIL_0222, t.name());
      }
    }
    checkpoint.ifPresent(c -> c.save(stage, digests.batches(), statistics));
    return statistics;
  }

  private Duration left(Duration perBatch, int stage, int done, long total) {
    return perBatch.multipliedBy(total - (long) stage * digests.batches() - done);
  }

  private static Map<Target, LayerStatistics> fresh(
      List<Target> targets, Function<Target, LayerStatistics.Contents> contents) {
    Map<Target, LayerStatistics> statistics = new LinkedHashMap<>();
    for (Target t : targets) {
      statistics.put(
          t, new LayerStatistics(t.name(), t.layout().cols(), contents.apply(t), Workers.shared()));
    }
    return statistics;
  }

  private void forward(NDManager manager, NDList batch, Dispatch.Observer observer) {
    ParameterStore store = new ParameterStore(manager, false);
    Dispatch.observing(observer, () -> model.getBlock().forward(store, batch, false).close());
  }

  /** Adds what layers are given to their statistics and lets them run as they are. */
  private static final class Collector implements Dispatch.Observer {
    private final Map<Block, LayerStatistics> byBlock = new IdentityHashMap<>();

    Collector(Map<Target, LayerStatistics> statistics) {
      statistics.forEach((t, s) -> byBlock.put(t.block(), s));
    }

    @Override
    public NDList observe(Block block, Binding binding, ParameterStore store, NDList inputs) {
      LayerStatistics own = byBlock.get(block);
      if (own != null) {
        NDArray x = inputs.head();
        own.add(x.toByteBuffer().order(ByteOrder.nativeOrder()).rewind().asFloatBuffer());
      }
      return null;
    }
  }
}
