package dev.filigree.decoder.serve;

/**
 * Which inputs of a projection are used.
 *
 * @param kind how they are chosen
 * @param sparsity share that is to be skipped, 0 to below 1
 * @param threshold of {@link Kind#ABOVE}, else 0
 */
public record InputChoice(Kind kind, double sparsity, float threshold) {
  /** Every input. */
  public static final InputChoice ALL = new InputChoice(Kind.ALL, 0, 0);

  /** How inputs are chosen. */
  public enum Kind {
    /** All are used. */
    ALL,
    /** |x_i| above a threshold. Liu et al. 2024. */
    ABOVE,
    /** The largest |x_i|, exactly counted. */
    TOPK,
    /** The largest |x_i| * ||W[:,i]||, exactly counted. Chen et al. 2025. */
    WINA
  }

  /** Whether some are skipped. */
  public boolean skips() {
    return kind != Kind.ALL;
  }
}
