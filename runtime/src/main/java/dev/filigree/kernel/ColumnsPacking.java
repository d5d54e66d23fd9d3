package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** Stores dense weights by inputs. */
public final class ColumnsPacking {

  /** Weights of a square block that is transposed at a time; two fit in the first-level cache. */
  private static final int BLOCK = 32;

  private ColumnsPacking() {}

  /**
   * A transposed copy of the weights.
   *
   * @param dense direct, float32 [rows][cols] in native order from position 0
   * @throws ArithmeticException where an array would exceed 2 GiB
   */
  public static ColumnsArrays pack(ByteBuffer dense, int rows, int cols, ValueType type) {
    float[] largest =
        type == ValueType.INT8 ? ValuesBuilder.largestOfColumns(dense, rows, cols) : new float[0];
    ValuesBuilder values = new ValuesBuilder(type, (long) rows * cols, largest);
    for (int r0 = 0; r0 < rows; r0 += BLOCK) {
      for (int k0 = 0; k0 < cols; k0 += BLOCK) {
        for (int r = r0; r < Math.min(rows, r0 + BLOCK); r++) {
          for (int k = k0; k < Math.min(cols, k0 + BLOCK); k++) {
            values.put(k * rows + r, k, dense.getFloat(4 * (r * cols + k)));
          }
        }
      }
    }
    return new ColumnsArrays(rows, cols, values.build());
  }

  /**
   * The weights again.
   *
   * @param dense float32 [rows][cols], overwritten; no -0.0
   */
  public static void unpack(ColumnsArrays w, ByteBuffer dense) {
    int rows = w.rows();
    int cols = w.cols();
    for (int k0 = 0; k0 < cols; k0 += BLOCK) {
      for (int r0 = 0; r0 < rows; r0 += BLOCK) {
        for (int k = k0; k < Math.min(cols, k0 + BLOCK); k++) {
          for (int r = r0; r < Math.min(rows, r0 + BLOCK); r++) {
            dense.putInt(4 * (r * cols + k), w.values().bits(k * rows + r, k));
          }
        }
      }
    }
  }
}
