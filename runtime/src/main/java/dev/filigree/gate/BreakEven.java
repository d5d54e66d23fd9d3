package dev.filigree.gate;

/**
 * Above which sparsity a packed form is faster than dense, judged from one measurement.
 *
 * <p>The time of a form is taken to be proportional to the bytes of its weights, which are those of
 * the kept weights and a share of the dense bytes that does not depend on the sparsity (bits, for
 * example). That is an estimate: caches, and what a call costs besides, are left out.
 */
public final class BreakEven {
  private BreakEven() {}

  /**
   * The estimated break-even sparsity, 0 to 1.
   *
   * @param sparsity of the weights that were measured
   * @param denseBytes of all weights
   * @param packedBytes of the packed form
   * @param denseOverPacked time of dense over time of the form
   */
  public static double estimate(
      double sparsity, long denseBytes, long packedBytes, double denseOverPacked) {
    double share = packedBytes / (double) denseBytes;
    // As many bytes as the form could have and take as long as dense.
    double affordable = share * denseOverPacked;
    double fixed = share - (1 - sparsity);
    return Math.min(1, Math.max(0, 1 - (affordable - fixed)));
  }
}
