package dev.filigree.pack;

import dev.filigree.kernel.Activation;
import dev.filigree.kernel.Execution;
import java.nio.ByteBuffer;

/** Functions of every element, split among threads where there are many. */
final class Elementwise {
  /** About what one element costs, in multiply-adds of a product. */
  static final long WORK = 8;

  private Elementwise() {}

  /** y[i] = f(y[i]) for the first elements of a checked buffer. */
  static void apply(Execution on, Activation f, ByteBuffer y, int count) {
    if (f != Activation.NONE) {
      on.workers()
          .run(
              count,
              16,
              1,
              WORK * count,
              (from, to) -> on.kernels().activations().apply(f, y, from, to));
    }
  }
}
