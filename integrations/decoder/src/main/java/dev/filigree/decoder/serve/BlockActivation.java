package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.Projection;
import java.util.Collections;
import java.util.List;

/**
 * What one block skips, where every block says it for itself: inputs by projection, or hidden units
 * by their gate, or both where the inputs are those of attention.
 *
 * @param inputs by projection, in the order of {@code Projection}
 * @param gates thresholds of |f(gate)|: one for all hidden units, or one for each; empty where no
 *     unit is skipped by its gate
 * @param planned share of all that is looked at which is to be skipped, 0 to below 1
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record BlockActivation(List<InputChoice> inputs, float[] gates, double planned) {
  /** A block that skips nothing. */
  public static final BlockActivation NONE =
      new BlockActivation(
          Collections.nCopies(Projection.values().length, InputChoice.ALL), new float[0], 0);

  /**
   * A block of a model.
   *
   * @param unitSparsity share of the hidden units that {@code gates} are to skip
   */
  public static BlockActivation of(
      DecoderConfig config, List<InputChoice> inputs, float[] gates, double unitSparsity) {
    double seen = gates.length == 0 ? 0 : config.hidden();
    double skipped = seen * unitSparsity;
    for (Projection p : Projection.values()) {
      InputChoice choice = inputs.get(p.index());
      if (choice.skips()) {
        seen += p.cols(config);
        skipped += p.cols(config) * choice.sparsity();
      }
    }
    return new BlockActivation(List.copyOf(inputs), gates, seen == 0 ? 0 : skipped / seen);
  }

  /** Which inputs of a projection are used. */
  public InputChoice inputs(Projection p) {
    return inputs.get(p.index());
  }

  /** Whether hidden units are skipped by their gate. */
  public boolean skipsUnits() {
    return gates.length > 0;
  }

  /** Whether inputs of query, key, value or output are skipped. */
  boolean skipsInAttention() {
    return skipsAt(Projection.Site.ATTENTION) || skipsAt(Projection.Site.HEADS);
  }

  /** Whether inputs of gate, up or down are skipped by themselves. */
  public boolean skipsInFeedForward() {
    return skipsAt(Projection.Site.FEED_FORWARD) || skipsAt(Projection.Site.HIDDEN);
  }

  private boolean skipsAt(Projection.Site site) {
    for (Projection p : site.projections()) {
      if (inputs(p).skips()) {
        return true;
      }
    }
    return false;
  }

  /** Whether anything is skipped. */
  public boolean skips() {
    return skipsUnits() || skipsInAttention() || skipsInFeedForward();
  }
}
