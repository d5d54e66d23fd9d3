package dev.filigree.kernel;

import static dev.filigree.kernel.ReferenceFloats.get;
import static dev.filigree.kernel.ReferenceFloats.put;

import java.nio.ByteBuffer;

/** The definition of the activation functions, see {@link ReferenceKernels}. */
final class ReferenceActivations implements ActivationKernels {

  @Override
  public void apply(Activation f, ByteBuffer y, int from, int to) {
    for (int i = from; i < to; i++) {
      put(y, i, f.of(get(y, i)));
    }
  }

  @Override
  public void gate(
      Activation f,
      ByteBuffer g,
      int gAt,
      ByteBuffer u,
      int uAt,
      ByteBuffer h,
      int hAt,
      int count) {
    for (int i = 0; i < count; i++) {
      put(h, hAt + i, f.of(get(g, gAt + i)) * get(u, uAt + i));
    }
  }
}
