package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** Stored values of any type as floats, some hundreds at a time, for the plain loops. */
final class PlainValues {

  private PlainValues() {}

  /** Writes the values {@code from} to {@code from + count} to the start of the array, unscaled. */
  static void read(Values values, int from, int count, float[] into) {
    ByteBuffer data = values.data();
    switch (values.type()) {
      case F32 -> {
        for (int i = 0; i < count; i++) {
          into[i] = data.getFloat(4 * (from + i));
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          into[i] = Bf16.toFloat(data.getShort(2 * (from + i)));
        }
      }
      case INT8 -> {
        for (int i = 0; i < count; i++) {
          into[i] = data.get(from + i);
        }
      }
    }
  }

  /** What a sum of the unscaled values of that output or input is multiplied with. */
  static float scale(Values values, int group) {
    return values.scales() == null ? 1f : values.scales().getFloat(4 * group);
  }
}
