package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** Stores dense weights by outputs. */
public final class DensePacking {

  private DensePacking() {}

  /**
   * A copy of the weights.
   *
   * @param dense direct, float32 [rows][cols] in native order from position 0
   * @throws ArithmeticException where an array would exceed 2 GiB
   */
  public static DenseArrays pack(ByteBuffer dense, int rows, int cols, ValueType type) {
    if (type == ValueType.F32) {
      ByteBuffer copy =
          AlignedMemory.allocate(Math.multiplyExact(Math.multiplyExact(4, rows), cols));
      copy.put(0, dense, 0, copy.capacity());
      return new DenseArrays(rows, cols, Values.floats(AlignedMemory.aligned(copy)));
    }
    float[] largest = ValuesBuilder.largestOfRows(dense, rows, cols);
    ValuesBuilder values = new ValuesBuilder(type, (long) rows * cols, largest);
    for (int r = 0; r < rows; r++) {
      for (int i = r * cols; i < (r + 1) * cols; i++) {
        values.put(i, r, dense.getFloat(4 * i));
      }
    }
    return new DenseArrays(rows, cols, values.build());
  }
}
