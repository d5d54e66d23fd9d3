package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.Projection;
import java.util.Arrays;

/** How many inputs the rules saw and kept, by projection, over all blocks. For one thread. */
public final class ActivationCounts {
  private final long[] seen = new long[Projection.values().length];
  private final long[] kept = new long[seen.length];

  void add(Projection p, long inputs, long keptInputs) {
    seen[p.index()] += inputs;
    kept[p.index()] += keptInputs;
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
    long all = 0;
    long used = 0;
    for (int i = 0; i < seen.length; i++) {
      all += seen[i];
      used += kept[i];
    }
    return all == 0 ? 0 : 1 - (double) used / all;
  }

  /** The share of a projection's inputs that were kept; 1 where none were skipped. */
  public double kept(Projection p) {
    int i = p.index();
    return seen[i] == 0 ? 1 : (double) kept[i] / seen[i];
  }
}
