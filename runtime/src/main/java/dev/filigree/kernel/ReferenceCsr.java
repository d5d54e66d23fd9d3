package dev.filigree.kernel;

import static dev.filigree.kernel.ReferenceFloats.bias;
import static dev.filigree.kernel.ReferenceFloats.get;
import static dev.filigree.kernel.ReferenceFloats.put;

import java.nio.ByteBuffer;

/** The definition of the products of the csr format, see {@link ReferenceKernels}. */
final class ReferenceCsr implements CsrKernels {

  @Override
  public void gemv(
      CsrArrays w, float[] x, ByteBuffer bias, ByteBuffer y, int yAt, int from, int to) {
    int blocks = w.blocks();
    for (int r = from; r < to; r++) {
      double sum = bias(bias, r);
      for (int b = 0; b < blocks; b++) {
        int end = w.pointers().getInt(4 * (r * blocks + b + 1));
        for (int i = w.pointers().getInt(4 * (r * blocks + b)); i < end; i++) {
          int k = CsrArrays.base(b) + (w.columns().getShort(2 * i) & 0xFFFF);
          sum += (double) w.values().get(i, r) * x[k];
        }
      }
      put(y, yAt + r, sum);
    }
  }

  @Override
  public void panel(CsrArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    int blocks = w.blocks();
    for (int r = from; r < to; r++) {
      for (int l = 0; l < lanes; l++) {
        double sum = 0;
        for (int b = 0; b < blocks; b++) {
          int end = w.pointers().getInt(4 * (r * blocks + b + 1));
          for (int i = w.pointers().getInt(4 * (r * blocks + b)); i < end; i++) {
            int k = CsrArrays.base(b) + (w.columns().getShort(2 * i) & 0xFFFF);
            sum += (double) w.values().get(i, r) * get(panel, k * lanes + l);
          }
        }
        tile[(r - from) * lanes + l] = (float) sum;
      }
    }
  }
}
