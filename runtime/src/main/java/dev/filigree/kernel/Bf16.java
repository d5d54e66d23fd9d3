package dev.filigree.kernel;

/** Bfloat16, the upper 16 bits of a float32. */
public final class Bf16 {

  private Bf16() {}

  /** The bits of the nearest bfloat16, ties to even; a NaN stays a NaN. */
  public static short of(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      // Rounding could carry a NaN with a low payload over to infinity; the quiet bit prevents it.
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
  }

  /** The value of those bits, exactly. */
  public static float toFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }
}
