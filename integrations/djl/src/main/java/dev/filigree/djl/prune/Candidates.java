package dev.filigree.djl.prune;

import dev.filigree.allocate.LayerUnits;
import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.criterion.Gradients;
import dev.filigree.criterion.OneShot;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.plan.Pattern;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Layers pruned at any share, kept while there is room, and written into the model to be judged.
 */
final class Candidates {
  private static final long MOST_BYTES = 1L << 30;

  private record Key(int target, long removed) {}

  private final List<Target> targets;
  private final Map<Target, LayerStatistics> statistics;
  private final Map<Target, Gradients> gradients;
  private final Map<Key, FloatBuffer> known = new LinkedHashMap<>(16, 0.75f, true);
  private final long[] written;
  private long bytes;

  Candidates(
      List<Target> targets,
      Map<Target, LayerStatistics> statistics,
      Map<Target, Gradients> gradients) {
    this.targets = targets;
    this.statistics = statistics;
    this.gradients = gradients;
    this.written = new long[targets.size()];
    Arrays.fill(written, -1);
  }

  /** A layer's plan with a share of its own. */
  static OneShotPlan plan(Target t, long removed, LayerUnits units) {
    OneShotPlan p = t.plan();
    if (p.pattern() instanceof Pattern.NM nm) {
      return new OneShotPlan(
          p.method(),
          new Pattern.NM((int) (nm.m() - removed), nm.m()),
          0,
          p.scope(),
          p.seed(),
          p.refinement());
    }
    return p.withSparsity(units.sparsity(removed));
  }

  /** Puts a layer with that share into the model. */
  void write(int i, long removed, LayerUnits units) {
    if (written[i] == removed) {
      return;
    }
    Target t = targets.get(i);
    FloatBuffer weights =
        known.computeIfAbsent(
            new Key(i, removed),
            k -> {
              bytes += 4L * t.dense().capacity();
              return new OneShot(plan(t, removed, units))
                  .prune(Pruner.layer(t, statistics.get(t), gradients.get(t)))
                  .weights();
            });
    t.write(weights);
    written[i] = removed;
    while (bytes > MOST_BYTES && known.size() > 1) {
      FloatBuffer oldest = known.remove(known.keySet().iterator().next());
      bytes -= 4L * oldest.capacity();
    }
  }

  void restore(int i) {
    if (written[i] >= 0) {
      targets.get(i).restore();
      written[i] = -1;
    }
  }

  void restore() {
    for (int i = 0; i < written.length; i++) {
      restore(i);
    }
  }
}
