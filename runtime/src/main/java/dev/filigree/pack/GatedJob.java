package dev.filigree.pack;

import dev.filigree.kernel.Activation;
import dev.filigree.kernel.Kernels;
import dev.filigree.kernel.Workers;
import java.nio.ByteBuffer;

/**
 * Gate and up of CATS and CHESS for one activation row and a range of hidden units: the gate, which
 * units it keeps, up for these, their product. One hand-off to the workers for all four; one object
 * per calling thread.
 */
final class GatedJob implements Workers.Range {
  /** No hidden unit. */
  private static final int NONE = -1;

  private Kernels kernels;
  private Activation activation;
  private GateRule rule;
  private ByteBuffer x;
  private int xAt;
  private FeedForwardScratch scratch;
  private final OpenDense gate = new OpenDense();
  private final OpenDense up = new OpenDense();

  void start(
      Kernels on, Activation f, GateRule keeps, ByteBuffer input, int at, FeedForwardScratch s) {
    kernels = on;
    activation = f;
    rule = keeps;
    x = input;
    xAt = at;
    scratch = s;
  }

  /** Whether the gate is computed here; otherwise its products are there when the job runs. */
  boolean openGate(StoredMatrix<?> matrix, ByteBuffer bias) {
    if (matrix instanceof DenseMatrix dense) {
      gate.open(dense, bias);
      return true;
    }
    return false;
  }

  void openUp(DenseMatrix matrix, ByteBuffer bias) {
    up.open(matrix, bias);
  }

  @Override
  public void run(int from, int to) {
    ByteBuffer g = scratch.gate();
    ByteBuffer h = scratch.hidden();
    int[] active = scratch.active();
    if (gate.isOpen()) {
      kernels.dense().gemv(gate.arrays(), x, xAt, gate.bias(), g, 0, from, to);
    }
    kernels.activations().apply(activation, g, from, to);
    int end = rule.keep(g, from, to, active);
    kernels.dense().rows(up.arrays(), active, x, xAt, up.bias(), h, 0, from, end);
    for (int i = from; i < end; i++) {
      int at = 4 * active[i];
      h.putFloat(at, g.getFloat(at) * h.getFloat(at));
    }
    for (int i = end; i < to; i++) {
      active[i] = NONE;
    }
  }

  /** Closes the gaps that the ranges left in the list of kept units; how many there are. */
  int kept(int hidden) {
    int[] active = scratch.active();
    int count = 0;
    for (int i = 0; i < hidden; i++) {
      active[count] = active[i];
      count += active[i] == NONE ? 0 : 1;
    }
    return count;
  }

  /** Lets go of everything. */
  void end() {
    gate.end();
    up.end();
    x = null;
    kernels = null;
    rule = null;
    scratch = null;
  }
}
