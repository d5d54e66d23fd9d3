package dev.filigree.pack;

import dev.filigree.kernel.Activation;
import dev.filigree.kernel.ActivationKernels;
import dev.filigree.kernel.Workers;
import java.nio.ByteBuffer;

/** f(gate) * up for a range of hidden units of all rows; one object per calling thread. */
final class CombineJob implements Workers.Range {
  private ActivationKernels kernels;
  private Activation activation;
  private int hidden;
  private ByteBuffer target;
  private ByteBuffer gate;
  private int gateAt;
  private ByteBuffer up;
  private int upAt;
  private int stride;

  void set(ActivationKernels on, Activation f, int units, FeedForwardScratch s) {
    kernels = on;
    activation = f;
    hidden = units;
    target = s.hidden();
  }

  /** Where gate and up of the first row begin, and how far the next row is, in floats. */
  void from(ByteBuffer gates, int firstGate, ByteBuffer ups, int firstUp, int toNext) {
    gate = gates;
    gateAt = firstGate;
    up = ups;
    upAt = firstUp;
    stride = toNext;
  }

  @Override
  public void run(int from, int to) {
    for (int at = from; at < to; ) {
      int row = at / hidden;
      int unit = at % hidden;
      int count = Math.min(to - at, hidden - unit);
      int source = row * stride + unit;
      kernels.gate(activation, gate, gateAt + source, up, upAt + source, target, at, count);
      at += count;
    }
  }
}
