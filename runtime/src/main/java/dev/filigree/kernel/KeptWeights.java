package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * Dense weights as they will be stored: a weight is kept where its stored value is not zero, so one
 * that the type rounds to zero is removed as zeros are, in every format alike.
 */
final class KeptWeights {
  private final ByteBuffer dense;
  private final int rows;
  private final int cols;
  private final ValueType type;
  private final float[] largest;

  /**
   * Weights stored by outputs.
   *
   * @param dense float32 [rows][cols] in native order from position 0
   */
  KeptWeights(ByteBuffer dense, int rows, int cols, ValueType type) {
    this.dense = dense;
    this.rows = rows;
    this.cols = cols;
    this.type = type;
    this.largest =
        type == ValueType.INT8 ? ValuesBuilder.largestOfRows(dense, rows, cols) : new float[0];
  }

  int rows() {
    return rows;
  }

  int cols() {
    return cols;
  }

  /** The weight before rounding. */
  float get(int row, int col) {
    return dense.getFloat(4 * (row * cols + col));
  }

  boolean kept(int row, int col) {
    float w = get(row, col);
    return switch (type) {
      case F32 -> w != 0f;
      case BF16 -> Bf16.toFloat(Bf16.of(w)) != 0f;
      // Where Int8.of rounds to another integer than 0; a division for every weight would be slow.
      case INT8 -> Math.abs((double) w) > 0.5 * Int8.scale(largest[row]);
    };
  }

  /** Room for that many stored values. */
  ValuesBuilder values(long count) {
    return new ValuesBuilder(type, count, largest);
  }
}
