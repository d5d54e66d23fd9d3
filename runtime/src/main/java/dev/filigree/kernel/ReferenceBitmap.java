package dev.filigree.kernel;

import static dev.filigree.kernel.ReferenceFloats.bias;
import static dev.filigree.kernel.ReferenceFloats.put;

import java.nio.ByteBuffer;

/** The definition of the products of the bitmap format, see {@link ReferenceKernels}. */
final class ReferenceBitmap implements BitmapKernels {

  @Override
  public void gemv(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    bitmap(w, x, 0, bias, y, yAt, from, to);
  }

  @Override
  public void gemm4(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int i = 0; i < 4; i++) {
      bitmap(w, x, i * w.cols(), bias, y, yAt + i * w.rows(), from, to);
    }
  }

  private static void bitmap(
      BitmapArrays w,
      float[] x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int r = from; r < to; r++) {
      int strip = r / Kernels.STRIP;
      int bit = 1 << (r % Kernels.STRIP);
      int next = w.starts().getInt(4 * strip);
      double sum = bias(bias, r);
      for (int k = 0; k < w.cols(); k++) {
        int mask = w.masks().getShort(2 * (strip * w.cols() + k)) & 0xFFFF;
        if ((mask & bit) != 0) {
          sum += (double) w.values().get(next + Integer.bitCount(mask & (bit - 1)), r) * x[xAt + k];
        }
        next += Integer.bitCount(mask);
      }
      put(y, yAt + r, sum);
    }
  }
}
