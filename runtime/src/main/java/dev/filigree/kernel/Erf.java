package dev.filigree.kernel;

/** The error function in double precision, for definitions; slow. */
final class Erf {

  private Erf() {}

  /** erfc(z) = 1 - erf(z), with a relative error of about 1e-12. */
  static double complement(double z) {
    if (Double.isNaN(z)) {
      return z;
    }
    if (z < 0) {
      return 2 - complement(-z);
    }
    return z < 2 ? 1 - series(z) : fraction(z);
  }

  /** The Maclaurin series of erf. */
  private static double series(double z) {
    double term = z;
    double sum = z;
    for (int n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= -z * z / n;
      sum += term / (2 * n + 1);
    }
    return sum * 2 / Math.sqrt(Math.PI);
  }

  /** exp(-z^2) / sqrt(pi) over the continued fraction z + (1/2) / (z + (2/2) / (z + ...)). */
  private static double fraction(double z) {
    double f = z;
    for (int k = 200; k > 0; k--) {
      f = z + k / 2.0 / f;
    }
    return Math.exp(-z * z) / (f * Math.sqrt(Math.PI));
  }
}
