package dev.filigree.djl.serve;

import dev.filigree.calibrate.ActiveInputs;
import dev.filigree.kernel.AlignedMemory;
import java.nio.ByteBuffer;

/** Buffers of one thread, grown as needed, so that serving allocates nothing but the result. */
final class Scratch {
  private static final ThreadLocal<Scratch> OWN = ThreadLocal.withInitial(Scratch::new);

  private int[] active = new int[0];
  private ByteBuffer input = AlignedMemory.allocate(64);
  private ByteBuffer outputs = AlignedMemory.allocate(64);
  private ByteBuffer inner = AlignedMemory.allocate(64);
  private ActiveInputs inputs = new ActiveInputs(1);
  private int inputsSize = 1;

  private Scratch() {}

  static Scratch get() {
    return OWN.get();
  }

  int[] active(int n) {
    if (active.length < n) {
      active = new int[n];
    }
    return active;
  }

  ActiveInputs inputs(int n) {
    if (inputsSize < n) {
      inputs = new ActiveInputs(n);
      inputsSize = n;
    }
    return inputs;
  }

  ByteBuffer outputs(int bytes) {
    if (outputs.capacity() < bytes) {
      outputs = AlignedMemory.allocate(bytes);
    }
    return outputs;
  }

  ByteBuffer inner(int bytes) {
    if (inner.capacity() < bytes) {
      inner = AlignedMemory.allocate(bytes);
    }
    return inner;
  }

  ByteBuffer input(int bytes) {
    if (input.capacity() < bytes) {
      input = AlignedMemory.allocate(bytes);
    }
    return input;
  }
}
