package dev.filigree.kernel;

import static dev.filigree.kernel.ReferenceFloats.bias;
import static dev.filigree.kernel.ReferenceFloats.get;
import static dev.filigree.kernel.ReferenceFloats.put;

import java.nio.ByteBuffer;

/** The definition of the products of the columns format, see {@link ReferenceKernels}. */
final class ReferenceColumns implements ColumnsKernels {

  @Override
  public void gemv(
      ByteBuffer w,
      int rows,
      int[] active,
      int count,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int r = from; r < to; r++) {
      double sum = bias(bias, r);
      for (int i = 0; i < count; i++) {
        int k = active == null ? i : active[i];
        sum += (double) get(w, k * rows + r) * get(x, xAt + k);
      }
      put(y, yAt + r, sum);
    }
  }

  @Override
  public void gemm4(
      ByteBuffer w,
      int rows,
      int cols,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int i = 0; i < 4; i++) {
      gemv(w, rows, null, cols, x, xAt + i * cols, bias, y, yAt + i * rows, from, to);
    }
  }
}
