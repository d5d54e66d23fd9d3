package dev.filigree.kernel;

import static dev.filigree.kernel.ReferenceFloats.bias;
import static dev.filigree.kernel.ReferenceFloats.put;

import java.nio.ByteBuffer;

/** The definition of the products of the sell format, see {@link ReferenceKernels}. */
final class ReferenceSell implements SellKernels {

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
    int windows = w.windows();
    for (int r = from; r < to; r++) {
      double sum = bias(bias, r);
      for (int v = 0; v < windows; v++) {
        int block = r / Kernels.STRIP * windows + v;
        int end = w.starts().getInt(4 * (block + 1));
        for (int i = w.starts().getInt(4 * block); i < end; i++) {
          int slot = i * Kernels.STRIP + r % Kernels.STRIP;
          float value = w.values().get(slot, r);
          if (value != 0f) {
            sum += (double) value * x[v * Kernels.WINDOW + w.inputs().get(slot)];
          }
        }
      }
      put(y, yAt + r, sum);
    }
  }
}
