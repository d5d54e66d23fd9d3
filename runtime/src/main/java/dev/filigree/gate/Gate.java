package dev.filigree.gate;

/**
 * The break-even rule: a layer runs sparse only where that is measurably faster, so that switching
 * Filigree on never makes a model slower.
 */
public final class Gate {

  /** What the lower bound of dense over packed must exceed. */
  public static final double THRESHOLD = 1.02;

  private Gate() {}

  /** Whether to run sparse, given the time of dense over the time of packed. */
  public static boolean sparse(Ratio denseOverPacked) {
    return denseOverPacked.lower90() > THRESHOLD;
  }
}
