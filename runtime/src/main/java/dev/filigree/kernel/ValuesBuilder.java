package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** Writes weights one by one in any type, with the scales that integers need. */
public final class ValuesBuilder {
  private final ValueType type;
  private final ByteBuffer data;
  private final ByteBuffer scales;

  /**
   * Room for the weights, all +0.0 at first.
   *
   * @param count weights, padding included
   * @param largest the largest magnitude of every output, or input in formats stored by inputs;
   *     read for {@link ValueType#INT8} only
   * @throws ArithmeticException where the array would exceed 2 GiB
   */
  public ValuesBuilder(ValueType type, long count, float[] largest) {
    this.type = type;
    this.data = AlignedMemory.allocate(Math.toIntExact(Math.multiplyExact(count, type.bytes())));
    this.scales = type == ValueType.INT8 ? AlignedMemory.allocate(4 * largest.length) : null;
    if (scales != null) {
      for (int i = 0; i < largest.length; i++) {
        scales.putFloat(4 * i, Int8.scale(largest[i]));
      }
    }
  }

  /**
   * Writes one weight, rounded to the nearest value of the type; zeros of both signs become +0.0.
   *
   * @param group the output or input whose scale holds
   */
  public void put(int index, int group, float weight) {
    float w = weight == 0f ? 0f : weight;
    switch (type) {
      // As bits, so that NaN payloads survive.
      case F32 -> data.putInt(4 * index, Float.floatToRawIntBits(w));
      case BF16 -> data.putShort(2 * index, Bf16.of(w));
      case INT8 -> data.put(index, Int8.of(w, scales.getFloat(4 * group)));
    }
  }

  /** The weights written. */
  public Values build() {
    return new Values(
        type, AlignedMemory.aligned(data), scales == null ? null : AlignedMemory.aligned(scales));
  }

  /** The largest magnitude of every row of a dense matrix [rows][cols]. */
  public static float[] largestOfRows(ByteBuffer dense, int rows, int cols) {
    float[] largest = new float[rows];
    for (int r = 0; r < rows; r++) {
      for (int k = 0; k < cols; k++) {
        largest[r] = Math.max(largest[r], Math.abs(dense.getFloat(4 * (r * cols + k))));
      }
    }
    return largest;
  }

  /** The largest magnitude of every column of a dense matrix [rows][cols]. */
  public static float[] largestOfColumns(ByteBuffer dense, int rows, int cols) {
    float[] largest = new float[cols];
    for (int r = 0; r < rows; r++) {
      for (int k = 0; k < cols; k++) {
        largest[k] = Math.max(largest[k], Math.abs(dense.getFloat(4 * (r * cols + k))));
      }
    }
    return largest;
  }
}
