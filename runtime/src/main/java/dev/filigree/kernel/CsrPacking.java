package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** Dense [rows][cols] to the csr format. */
public final class CsrPacking {

  private CsrPacking() {}

  /**
   * Packs every weight whose stored value is not zero.
   *
   * @param dense float32 [rows][cols] in native order from position 0
   * @throws ArithmeticException where an array would exceed 2 GiB
   */
  public static CsrArrays pack(ByteBuffer dense, int rows, int cols, ValueType type) {
    KeptWeights weights = new KeptWeights(dense, rows, cols, type);
    int blocks = CsrArrays.blocks(cols);
    ByteBuffer pointers =
        AlignedMemory.allocate(
            Math.multiplyExact(4, Math.addExact(Math.multiplyExact(rows, blocks), 1)));
    int kept = 0;
    for (int r = 0; r < rows; r++) {
      for (int b = 0; b < blocks; b++) {
        pointers.putInt(4 * (r * blocks + b), kept);
        for (int k = b * Kernels.CSR_BLOCK; k < end(b, cols); k++) {
          kept += weights.kept(r, k) ? 1 : 0;
        }
      }
    }
    pointers.putInt(4 * rows * blocks, kept);
    ByteBuffer columns = AlignedMemory.allocate(Math.multiplyExact(2, kept));
    ValuesBuilder values = weights.values(kept);
    int next = 0;
    for (int r = 0; r < rows; r++) {
      for (int k = 0; k < cols; k++) {
        if (weights.kept(r, k)) {
          columns.putShort(2 * next, (short) k);
          values.put(next++, r, weights.get(r, k));
        }
      }
    }
    return new CsrArrays(rows, cols, pointers, columns, values.build());
  }

  private static int end(int block, int cols) {
    return (int) Math.min(cols, (block + 1L) * Kernels.CSR_BLOCK);
  }
}
