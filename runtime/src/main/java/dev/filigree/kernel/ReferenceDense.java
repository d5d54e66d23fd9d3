package dev.filigree.kernel;

import static dev.filigree.kernel.ReferenceFloats.bias;
import static dev.filigree.kernel.ReferenceFloats.get;
import static dev.filigree.kernel.ReferenceFloats.put;

import java.nio.ByteBuffer;

/** The definition of the products of the dense format, see {@link ReferenceKernels}. */
final class ReferenceDense implements DenseKernels {

  @Override
  public void gemv(
      DenseArrays w,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int r = from; r < to; r++) {
      row(w, x, xAt, bias, y, yAt, r);
    }
  }

  @Override
  public void rows(
      DenseArrays w,
      int[] outputs,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int i = from; i < to; i++) {
      row(w, x, xAt, bias, y, yAt, outputs[i]);
    }
  }

  private static void row(
      DenseArrays w, ByteBuffer x, int xAt, ByteBuffer bias, ByteBuffer y, int yAt, int r) {
    double sum = bias(bias, r);
    for (int k = 0; k < w.cols(); k++) {
      sum += (double) w.values().get(r * w.cols() + k, r) * get(x, xAt + k);
    }
    put(y, yAt + r, sum);
  }

  @Override
  public void panel(DenseArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    for (int r = from; r < to; r++) {
      for (int l = 0; l < lanes; l++) {
        double sum = 0;
        for (int k = 0; k < w.cols(); k++) {
          sum += (double) w.values().get(r * w.cols() + k, r) * get(panel, k * lanes + l);
        }
        tile[(r - from) * lanes + l] = (float) sum;
      }
    }
  }
}
