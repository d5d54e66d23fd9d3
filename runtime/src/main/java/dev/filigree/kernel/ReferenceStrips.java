package dev.filigree.kernel;

import static dev.filigree.kernel.ReferenceFloats.bias;
import static dev.filigree.kernel.ReferenceFloats.get;
import static dev.filigree.kernel.ReferenceFloats.put;

import java.nio.ByteBuffer;

/** The definition of the products of the strip formats, see {@link ReferenceKernels}. */
final class ReferenceStrips implements StripKernels {

  @Override
  public void gemv(
      StripArrays w, float[] x, ByteBuffer bias, ByteBuffer y, int yAt, int from, int to) {
    for (int r = from; r < to; r++) {
      put(y, yAt + r, bias(bias, r) + sum(w, r, k -> x[k]));
    }
  }

  @Override
  public void panel(StripArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    for (int r = from; r < to; r++) {
      for (int l = 0; l < lanes; l++) {
        int lane = l;
        tile[(r - from) * lanes + l] = (float) sum(w, r, k -> get(panel, k * lanes + lane));
      }
    }
  }

  /** One activation. */
  @FunctionalInterface
  private interface Input {
    float at(int k);
  }

  private static double sum(StripArrays w, int r, Input x) {
    StripShape shape = w.shape();
    int band = r / shape.outputs();
    double sum = 0;
    for (int span = 0; span < w.spans(); span++) {
      for (int i = w.start(band, span); i < w.start(band, span + 1); i++) {
        int k = w.input(i, span);
        int at = i * shape.size() + r % shape.outputs() * shape.inputs();
        for (int j = 0; j < Math.min(shape.inputs(), w.cols() - k); j++) {
          sum += (double) w.values().get(at + j, r) * x.at(k + j);
        }
      }
    }
    return sum;
  }
}
