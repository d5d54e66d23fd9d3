package dev.filigree.kernel;

import static dev.filigree.kernel.ReferenceFloats.bias;
import static dev.filigree.kernel.ReferenceFloats.get;
import static dev.filigree.kernel.ReferenceFloats.put;

import java.nio.ByteBuffer;

/** The definition of the products of the columns format, see {@link ReferenceKernels}. */
final class ReferenceColumns implements ColumnsKernels {

  @Override
  public void gemv(
      ColumnsArrays w,
      int[] active,
      int first,
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
      for (int i = first; i < first + count; i++) {
        int k = active == null ? i : active[i];
        sum += (double) w.values().get(k * w.rows() + r, k) * get(x, xAt + k);
      }
      put(y, yAt + r, sum);
    }
  }

  @Override
  public void gemm4(
      ColumnsArrays w,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int i = 0; i < 4; i++) {
      gemv(w, null, 0, w.cols(), x, xAt + i * w.cols(), bias, y, yAt + i * w.rows(), from, to);
    }
  }

  @Override
  public void add(
      ByteBuffer sums,
      int sumsAt,
      int groups,
      int stride,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int r = from; r < to; r++) {
      double sum = bias(bias, r);
      for (int g = 0; g < groups; g++) {
        sum += get(sums, sumsAt + g * stride + r);
      }
      put(y, yAt + r, sum);
    }
  }

  @Override
  public void panel(ColumnsArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    for (int r = from; r < to; r++) {
      for (int l = 0; l < lanes; l++) {
        double sum = 0;
        for (int k = 0; k < w.cols(); k++) {
          sum += (double) w.values().get(k * w.rows() + r, k) * get(panel, k * lanes + l);
        }
        tile[(r - from) * lanes + l] = (float) sum;
      }
    }
  }
}
