package dev.filigree.kernel;

import static dev.filigree.kernel.ReferenceFloats.bias;
import static dev.filigree.kernel.ReferenceFloats.get;
import static dev.filigree.kernel.ReferenceFloats.put;

import java.nio.ByteBuffer;

/** The definition of the products of the dense format, see {@link ReferenceKernels}. */
final class ReferenceDense implements DenseKernels {

  @Override
  public void gemv(
      ByteBuffer w,
      int cols,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int r = from; r < to; r++) {
      double sum = bias(bias, r);
      for (int k = 0; k < cols; k++) {
        sum += (double) get(w, r * cols + k) * get(x, xAt + k);
      }
      put(y, yAt + r, sum);
    }
  }

  @Override
  public void panel(
      ByteBuffer w, int cols, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    for (int r = from; r < to; r++) {
      for (int l = 0; l < lanes; l++) {
        double sum = 0;
        for (int k = 0; k < cols; k++) {
          sum += (double) get(w, r * cols + k) * get(panel, k * lanes + l);
        }
        tile[(r - from) * lanes + l] = (float) sum;
      }
    }
  }
}
