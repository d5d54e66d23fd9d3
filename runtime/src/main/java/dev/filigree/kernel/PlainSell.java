package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;

/** The sell format in plain Java loops, see {@link PlainKernels}. */
final class PlainSell implements SellKernels {

  @Override
  public void gemv(
      SellArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    IntBuffer starts = Views.ints(w.starts());
    float[] values = PlainScratch.local().values();
    ByteBuffer inputs = w.inputs();
    int windows = w.windows();
    float[] sums = PlainScratch.local().sums();
    for (int r0 = from; r0 < to; r0 += Kernels.STRIP) {
      int block = r0 / Kernels.STRIP * windows;
      java.util.Arrays.fill(sums, 0f);
      for (int v = 0; v < windows; v++) {
        int base = v * Kernels.WINDOW;
        int start = starts.get(block + v) * Kernels.STRIP;
        int count = starts.get(block + v + 1) * Kernels.STRIP - start;
        PlainValues.read(w.values(), start, count, values);
        for (int slot = 0; slot < count; slot++) {
          float value = values[slot];
          // Padding does not multiply; where all inputs are finite it does no harm.
          if (finite || value != 0f) {
            sums[slot % Kernels.STRIP] += value * x[base + inputs.get(start + slot)];
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
