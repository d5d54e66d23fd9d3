package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.ShortBuffer;

/** The bitmap format in plain Java loops, see {@link PlainKernels}. */
final class PlainBitmap implements BitmapKernels {

  /** Inputs whose values are read together. */
  private static final int INPUTS = 64;

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
    ShortBuffer masks = Views.shorts(w.masks());
    int cols = w.cols();
    float[] sums = PlainScratch.local().sums();
    float[] values = PlainScratch.local().values();
    for (int r0 = from; r0 < to; r0 += Kernels.STRIP) {
      int strip = r0 / Kernels.STRIP;
      int next = w.starts().getInt(4 * strip);
      java.util.Arrays.fill(sums, 0f);
      for (int k0 = 0; k0 < cols; k0 += INPUTS) {
        int k1 = Math.min(cols, k0 + INPUTS);
        int count = 0;
        for (int k = k0; k < k1; k++) {
          count += Integer.bitCount(masks.get(strip * cols + k) & 0xFFFF);
        }
        PlainValues.read(w.values(), next, count, values);
        next += count;
        int v = 0;
        for (int k = k0; k < k1; k++) {
          float xk = x[xAt + k];
          for (int mask = masks.get(strip * cols + k) & 0xFFFF; mask != 0; mask &= mask - 1) {
            sums[Integer.numberOfTrailingZeros(mask) & (Kernels.STRIP - 1)] += values[v++] * xk;
          }
        }
      }
      for (int r = r0; r < Math.min(to, r0 + Kernels.STRIP); r++) {
        float sum = PlainValues.scale(w.values(), r) * sums[r - r0];
        y.putFloat(4 * (yAt + r), bias(bias, r) + sum);
      }
    }
  }

  private static float bias(ByteBuffer bias, int r) {
    return bias == null ? 0 : bias.getFloat(4 * r);
  }
}
