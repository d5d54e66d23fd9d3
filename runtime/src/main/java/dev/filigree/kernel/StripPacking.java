package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** Dense [rows][cols] to a strip format. */
public final class StripPacking {
  private final KeptWeights weights;
  private final StripShape shape;

  private StripPacking(KeptWeights weights, StripShape shape) {
    this.weights = weights;
    this.shape = shape;
  }

  /**
   * Packs every block in which a stored value is not zero.
   *
   * @param dense float32 [rows][cols] in native order from position 0
   * @throws ArithmeticException where an array would exceed 2 GiB
   */
  public static StripArrays pack(
      StripShape shape, ByteBuffer dense, int rows, int cols, ValueType type) {
    return new StripPacking(new KeptWeights(dense, rows, cols, type), shape).pack();
  }

  private StripArrays pack() {
    int rows = weights.rows();
    int cols = weights.cols();
    int bands = StripArrays.bands(shape, rows);
    int spans = StripArrays.spans(cols);
    int pieces = Math.multiplyExact(bands, spans);
    ByteBuffer pointers = AlignedMemory.allocate(Math.multiplyExact(4, Math.addExact(pieces, 1)));
    int kept = 0;
    for (int piece = 0; piece < pieces; piece++) {
      pointers.putInt(4 * piece, kept);
      int r = piece / spans * shape.outputs();
      int first = piece % spans * Kernels.STRIP_SPAN;
      int end = (int) Math.min(cols, (long) first + Kernels.STRIP_SPAN);
      for (int k = first; k < end; k += shape.inputs()) {
        kept += kept(r, k) ? 1 : 0;
      }
    }
    pointers.putInt(4 * pieces, kept);
    ByteBuffer positions = AlignedMemory.allocate(Math.multiplyExact(2, kept));
    ValuesBuilder values = weights.values((long) kept * shape.size());
    int next = 0;
    for (int r = 0; r < rows; r += shape.outputs()) {
      for (int k = 0; k < cols; k += shape.inputs()) {
        if (kept(r, k)) {
          positions.putShort(2 * next, (short) k);
          put(values, next++ * shape.size(), r, k);
        }
      }
    }
    return new StripArrays(shape, rows, cols, pointers, positions, values.build());
  }

  private boolean kept(int r0, int k0) {
    for (int r = r0; r < rowEnd(r0); r++) {
      for (int k = k0; k < colEnd(k0); k++) {
        if (weights.kept(r, k)) {
          return true;
        }
      }
    }
    return false;
  }

  private void put(ValuesBuilder values, int at, int r0, int k0) {
    for (int r = r0; r < rowEnd(r0); r++) {
      for (int k = k0; k < colEnd(k0); k++) {
        values.put(at + (r - r0) * shape.inputs() + k - k0, r, weights.get(r, k));
      }
    }
  }

  private int rowEnd(int r0) {
    return Math.min(weights.rows(), r0 + shape.outputs());
  }

  private int colEnd(int k0) {
    return Math.min(weights.cols(), k0 + shape.inputs());
  }
}
