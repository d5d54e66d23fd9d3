package dev.filigree.kernel;

/**
 * Symmetric 8-bit integers: value = scale * q with q from -127 to 127 and scale = largest magnitude
 * of the group / 127.
 */
public final class Int8 {
  private static final int MOST = 127;

  private Int8() {}

  /**
   * The scale of a group whose largest magnitude is that; 1 for a group of zeros, so that nothing
   * divides by zero.
   */
  public static float scale(float largest) {
    float scale = largest / MOST;
    return scale == 0f ? 1f : scale;
  }

  /** The nearest integer, ties to even. */
  public static byte of(float value, float scale) {
    // In double, because the quotient of two floats may round up to the next half.
    double q = Math.rint((double) value / scale);
    return (byte) Math.max(-MOST, Math.min(MOST, q));
  }
}
