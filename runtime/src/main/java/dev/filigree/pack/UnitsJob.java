package dev.filigree.pack;

import dev.filigree.kernel.Activation;
import dev.filigree.kernel.Kernels;
import dev.filigree.kernel.Workers;
import java.nio.ByteBuffer;

/**
 * Gate and up of CoreInfer for one activation row and a range of the listed hidden units: gate and
 * up for these, their product. One hand-off to the workers for all; one object per calling thread.
 */
final class UnitsJob implements Workers.Range {
  private Kernels kernels;
  private Activation activation;
  private int[] units;
  private ByteBuffer x;
  private int xAt;
  private FeedForwardScratch scratch;
  private final OpenDense gate = new OpenDense();
  private final OpenDense up = new OpenDense();

  void start(
      Kernels on, Activation f, int[] listed, ByteBuffer input, int at, FeedForwardScratch s) {
    kernels = on;
    activation = f;
    units = listed;
    x = input;
    xAt = at;
    scratch = s;
  }

  void openGate(DenseMatrix matrix, ByteBuffer bias) {
    gate.open(matrix, bias);
  }

  void openUp(DenseMatrix matrix, ByteBuffer bias) {
    up.open(matrix, bias);
  }

  @Override
  public void run(int from, int to) {
    ByteBuffer h = scratch.hidden();
    ByteBuffer g = scratch.gate();
    kernels.dense().rows(gate.arrays(), units, x, xAt, gate.bias(), h, 0, from, to);
    // Side by side, so that the activation function is one call.
    for (int i = from; i < to; i++) {
      g.putFloat(4 * i, h.getFloat(4 * units[i]));
    }
    kernels.activations().apply(activation, g, from, to);
    kernels.dense().rows(up.arrays(), units, x, xAt, up.bias(), h, 0, from, to);
    for (int i = from; i < to; i++) {
      int at = 4 * units[i];
      h.putFloat(at, g.getFloat(4 * i) * h.getFloat(at));
    }
  }

  /** Lets go of everything. */
  void end() {
    gate.end();
    up.end();
    x = null;
    units = null;
    kernels = null;
    scratch = null;
  }
}
