package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** Floats of buffers, by index. */
final class ReferenceFloats {

  private ReferenceFloats() {}

  static double bias(ByteBuffer bias, int r) {
    return bias == null ? 0 : get(bias, r);
  }

  static float get(ByteBuffer buffer, int index) {
    return buffer.getFloat(4 * index);
  }

  static void put(ByteBuffer buffer, int index, double value) {
    buffer.putFloat(4 * index, (float) value);
  }
}
