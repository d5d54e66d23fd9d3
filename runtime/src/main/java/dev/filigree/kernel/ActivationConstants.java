package dev.filigree.kernel;

/**
 * Numbers of the fast activation functions, for plain and for vector code.
 *
 * <p>exp(x) = 2^n exp(r) with n = round(x / ln 2), r = x - n ln 2, |r| at most 0.35, and exp(r) by
 * its Taylor polynomial of degree 7 (5e-9 off).
 *
 * <p>The tail of the normal distribution, erfc(a / sqrt 2) / 2 for a not negative, is exp(-a^2 / 2)
 * t Q(t) with t = 1 / (1 + {@value #TAIL_SLOPE} a) and Q a polynomial of degree 9 that was fitted
 * to the smallest relative error (8e-9) for a up to 14.7, where the tail leaves float.
 */
final class ActivationConstants {

  /** From here on exp(-x) is 0 in float. */
  static final float EXP_ZERO = 110;

  /** From here on the tail is 0 in float. */
  static final float TAIL_ZERO = 16;

  static final float PER_LN2 = 1.442695f;

  /** ln 2 in two numbers; the first has 15 bits, so that its product with n is exact. */
  static final float LN2_HIGH = 0.6933594f;

  static final float LN2_LOW = -2.1219444e-4f;

  /** Added and subtracted it rounds a float to the nearest whole number. */
  static final float ROUND = 0x1.8p23f;

  /** 1 / k!, k from 7 down to 0. */
  static final float[] EXP = {1f / 5040, 1f / 720, 1f / 120, 1f / 24, 1f / 6, 1f / 2, 1f, 1f};

  static final float TAIL_SLOPE = 0.24748737f;

  /** Q, the highest power first. */
  static final float[] TAIL = {
    0.019477006f,
    -0.08100937f,
    0.09448052f,
    -0.019030029f,
    0.04798268f,
    0.07051717f,
    0.07649944f,
    0.09374696f,
    0.09859514f,
    0.09874047f
  };

  /** Keeps the upper 12 bits of a fraction, so that its square is exact. */
  static final int UPPER = 0xfffff000;

  private ActivationConstants() {}
}
