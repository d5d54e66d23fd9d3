package dev.filigree.pack;

import dev.filigree.kernel.Activation;
import dev.filigree.kernel.ActivationKernels;
import dev.filigree.kernel.Execution;
import dev.filigree.kernel.Workers;
import java.nio.ByteBuffer;

/**
 * A function of every element, split among threads where there are many; one object per calling
 * thread.
 */
final class Elementwise implements Workers.Range {
  /** About what one element costs, in multiply-adds of a product. */
  static final long WORK = 8;

  private static final ThreadLocal<Elementwise> LOCAL = ThreadLocal.withInitial(Elementwise::new);

  private ActivationKernels kernels;
  private Activation activation;
  private ByteBuffer y;

  private Elementwise() {}

  /** y[i] = f(y[i]) for the first elements of a checked buffer. */
  static void apply(Execution on, Activation f, ByteBuffer y, int count) {
    if (f == Activation.NONE) {
      return;
    }
    Elementwise job = LOCAL.get();
    job.kernels = on.kernels().activations();
    job.activation = f;
    job.y = y;
    try {
      on.workers().run(count, 16, 1, WORK * count, job);
    } finally {
      job.kernels = null;
      job.y = null;
    }
  }

  @Override
  public void run(int from, int to) {
    kernels.apply(activation, y, from, to);
  }
}
