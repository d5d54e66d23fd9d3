package dev.filigree.kernel;

import static dev.filigree.kernel.ActivationConstants.EXP;
import static dev.filigree.kernel.ActivationConstants.EXP_ZERO;
import static dev.filigree.kernel.ActivationConstants.LN2_HIGH;
import static dev.filigree.kernel.ActivationConstants.LN2_LOW;
import static dev.filigree.kernel.ActivationConstants.PER_LN2;
import static dev.filigree.kernel.ActivationConstants.ROUND;
import static dev.filigree.kernel.ActivationConstants.TAIL;
import static dev.filigree.kernel.ActivationConstants.TAIL_SLOPE;
import static dev.filigree.kernel.ActivationConstants.TAIL_ZERO;
import static dev.filigree.kernel.ActivationConstants.UPPER;

import java.nio.ByteBuffer;

/** Activation functions in plain Java, by polynomials. */
final class PlainActivations implements ActivationKernels {

  @Override
  public void apply(Activation f, ByteBuffer y, int from, int to) {
    if (f != Activation.NONE) {
      for (int i = from; i < to; i++) {
        y.putFloat(4 * i, of(f, y.getFloat(4 * i)));
      }
    }
  }

  @Override
  public void gate(
      Activation f,
      ByteBuffer g,
      int gAt,
      ByteBuffer u,
      int uAt,
      ByteBuffer h,
      int hAt,
      int count) {
    for (int i = 0; i < count; i++) {
      h.putFloat(4 * (hAt + i), of(f, g.getFloat(4 * (gAt + i))) * u.getFloat(4 * (uAt + i)));
    }
  }

  private static float of(Activation f, float x) {
    return switch (f) {
      case NONE -> x;
      case SILU -> silu(x);
      case RELU -> Math.max(x, 0f);
      case GELU -> gelu(x);
    };
  }

  /** With exp of a negative number only, which cannot overflow. */
  private static float silu(float x) {
    float e = exp(-Math.min(Math.abs(x), EXP_ZERO), 0f);
    return x * ((x < 0 ? e : 1f) / (1f + e));
  }

  private static float gelu(float x) {
    float a = Math.min(Math.abs(x), TAIL_ZERO);
    float upper = Float.intBitsToFloat(Float.floatToRawIntBits(a) & UPPER);
    float e = exp(-0.5f * (upper * upper), -0.5f * ((a - upper) * (a + upper)));
    float t = 1f / (1f + TAIL_SLOPE * a);
    float q = TAIL[0];
    for (int i = 1; i < TAIL.length; i++) {
      q = q * t + TAIL[i];
    }
    float tail = q * t * e;
    return x * (x < 0 ? tail : 1f - tail);
  }

  /** exp(high + low) of a sum from -160 to 0 that is more exact than one float. */
  private static float exp(float high, float low) {
    float n = ((high + low) * PER_LN2 + ROUND) - ROUND;
    float r = ((high - n * LN2_HIGH) + low) - n * LN2_LOW;
    float p = EXP[0];
    for (int i = 1; i < EXP.length; i++) {
      p = p * r + EXP[i];
    }
    // In two steps: 2^n itself may be below the smallest normal number.
    int half = (int) n >> 1;
    return p * power(half) * power((int) n - half);
  }

  /** 2^n, n from -126 to 127. */
  private static float power(int n) {
    return Float.intBitsToFloat((n + 127) << 23);
  }
}
