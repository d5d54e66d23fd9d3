package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** Dense [rows][cols] to the csr format. */
public final class CsrPacking {

  private CsrPacking() {}

  /**
   * Packs every weight that is not zero; zeros of both signs are left out.
   *
   * @param dense float32 [rows][cols] in native order from position 0
   * @throws ArithmeticException where an array would exceed 2 GiB
   */
  public static CsrArrays pack(ByteBuffer dense, int rows, int cols) {
    int blocks = CsrArrays.blocks(cols);
    ByteBuffer pointers =
        AlignedMemory.allocate(
            Math.multiplyExact(4, Math.addExact(Math.multiplyExact(rows, blocks), 1)));
    int kept = 0;
    for (int r = 0; r < rows; r++) {
      for (int b = 0; b < blocks; b++) {
        pointers.putInt(4 * (r * blocks + b), kept);
        for (int k = b * Kernels.CSR_BLOCK; k < end(b, cols); k++) {
          kept += dense.getFloat(4 * (r * cols + k)) != 0f ? 1 : 0;
        }
      }
    }
    pointers.putInt(4 * rows * blocks, kept);
    ByteBuffer columns = AlignedMemory.allocate(Math.multiplyExact(2, kept));
    ByteBuffer values = AlignedMemory.allocate(Math.multiplyExact(4, kept));
    int next = 0;
    for (int r = 0; r < rows; r++) {
      for (int k = 0; k < cols; k++) {
        int at = 4 * (r * cols + k);
        if (dense.getFloat(at) != 0f) {
          columns.putShort(2 * next, (short) k);
          // As bits, so that NaN payloads survive.
          values.putInt(4 * next++, dense.getInt(at));
        }
      }
    }
    return new CsrArrays(rows, cols, pointers, columns, values);
  }

  private static int end(int block, int cols) {
    return (int) Math.min(cols, (block + 1L) * Kernels.CSR_BLOCK);
  }
}
