package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
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
    IntBuffer starts = w.starts().asIntBuffer();
    FloatBuffer values = w.values().asFloatBuffer();
    ByteBuffer inputs = w.inputs();
    int windows = w.windows();
    float[] sums = new float[Kernels.STRIP];
    for (int r0 = from; r0 < to; r0 += Kernels.STRIP) {
      int block = r0 / Kernels.STRIP * windows;
      java.util.Arrays.fill(sums, 0f);
      for (int v = 0; v < windows; v++) {
        int base = v * Kernels.WINDOW;
        int end = starts.get(block + v + 1) * Kernels.STRIP;
        for (int slot = starts.get(block + v) * Kernels.STRIP; slot < end; slot++) {
          float value = values.get(slot);
          // Padding does not multiply; where all inputs are finite it does no harm.
          if (finite || value != 0f) {
            sums[slot % Kernels.STRIP] += value * x[base + inputs.get(slot)];
          }
        }
      }
      for (int r = r0; r < Math.min(to, r0 + Kernels.STRIP); r++) {
        y.putFloat(4 * (yAt + r), bias(bias, r) + sums[r - r0]);
      }
    }
  }

  private static float bias(ByteBuffer bias, int r) {
    return bias == null ? 0 : bias.getFloat(4 * r);
  }
}
