package dev.filigree.file;

/** IEEE 754 binary16, which Java reads by itself only from 20 on. */
public final class Half {
  private Half() {}

  /** The value of those bits, exactly; a NaN keeps its payload. */
  public static float toFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = half >>> 10 & 0x1F;
    int fraction = half & 0x3FF;
    if (exponent == 0x1F) {
      return Float.intBitsToFloat(sign | 0x7F800000 | fraction << 13);
    }
    if (exponent == 0) {
      float magnitude = fraction * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    }
    return Float.intBitsToFloat(sign | exponent + 112 << 23 | fraction << 13);
  }

  /** The bits of the nearest binary16, ties to even; beyond 65520 infinity; a NaN stays a NaN. */
  static short of(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) {
      return (short) (sign | 0x7E00 | magnitude >>> 13 & 0x1FF);
    }
    if (magnitude >= 0x47800000) {
      return (short) (sign | 0x7C00);
    }
    if (magnitude < 0x38800000) {
      // Below 2^-14 the spacing is 2^-24 whatever the exponent.
      return (short) (sign | (int) Math.rint(Float.intBitsToFloat(magnitude) * 0x1p24));
    }
    // A carry out of the fraction goes into the exponent, and from the largest value to infinity.
    int rounded = magnitude - (112 << 23) + 0xFFF + (magnitude >>> 13 & 1);
    return (short) (sign | rounded >>> 13);
  }
}
