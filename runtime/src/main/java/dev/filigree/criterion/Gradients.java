package dev.filigree.criterion;

/**
 * What GBLM-Pruner knows of the loss: ||G_ij||, the norm of a weight's gradient over the
 * calibration samples.
 *
 * <p>The paper adds the norm of the inputs over all tokens; its code divides the squared norm of
 * the inputs by the number of samples first, and uses alpha = 100. {@code samples} = 1 is the
 * paper, the number of samples is the code.
 *
 * @param norms [rows][cols], row-major, finite and not negative
 * @param alpha weight of the gradients, finite and not negative
 * @param samples by what the squared norm of the inputs is divided, at least 1
 */
@SuppressWarnings("ArrayRecordComponent") // large and never compared
public record Gradients(double[] norms, double alpha, int samples) {
  /** As published. */
  public static final double ALPHA = 100;

  /** Checks the ranges. */
  public Gradients {
    if (!(alpha >= 0 && Double.isFinite(alpha)) || samples < 1) {
      throw new IllegalArgumentException("alpha " + alpha + ", samples " + samples);
    }
    for (double norm : norms) {
      if (!(norm >= 0 && Double.isFinite(norm))) {
        throw new IllegalArgumentException("a gradient norm is " + norm);
      }
    }
  }
}
