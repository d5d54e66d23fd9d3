package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.Projection;
import java.util.Arrays;

/** How many inputs the rules saw and kept, by block and projection. For one thread. */
public final class ActivationCounts {
  private static final int PROJECTIONS = Projection.values().length;

  private final long[] seen;
  private final long[] kept;

  /**
   * @param layers blocks
   */
  public ActivationCounts(int layers) {
    seen = new long[layers * PROJECTIONS];
    kept = new long[seen.length];
  }

  void add(int layer, Projection p, long inputs, long keptInputs) {
    int i = layer * PROJECTIONS + p.index();
    seen[i] += inputs;
    kept[i] += keptInputs;
  }

  /** Forgets everything. */
  public void reset() {
    Arrays.fill(seen, 0);
    Arrays.fill(kept, 0);
  }

  /**
   * The share of inputs that were skipped, over all projections that skip any; 0 where none did.
   */
  public double sparsity() {
    return skipped(0, seen.length);
  }

  /** The same for one block. */
  public double sparsity(int layer) {
    return skipped(layer * PROJECTIONS, (layer + 1) * PROJECTIONS);
  }

  private double skipped(int from, int to) {
    long all = 0;
    long used = 0;
    for (int i = from; i < to; i++) {
      all += seen[i];
      used += kept[i];
    }
    return all == 0 ? 0 : 1 - (double) used / all;
  }

  /**
   * The share of a projection's inputs that were kept, the mean over all blocks; 1 for a block that
   * skipped none.
   */
  public double kept(Projection p) {
    double sum = 0;
    int layers = 0;
    for (int i = p.index(); i < seen.length; i += PROJECTIONS) {
      sum += seen[i] == 0 ? 1 : (double) kept[i] / seen[i];
      layers++;
    }
    return sum / layers;
  }

  /** Inputs that were seen in one block. */
  long seen(int layer) {
    return sum(seen, layer);
  }

  /** Inputs that were kept in one block. */
  long kept(int layer) {
    return sum(kept, layer);
  }

  private static long sum(long[] of, int layer) {
    long sum = 0;
    for (int i = layer * PROJECTIONS; i < (layer + 1) * PROJECTIONS; i++) {
      sum += of[i];
    }
    return sum;
  }
}
