package dev.filigree.cli.bench;

import ai.djl.ndarray.NDArray;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The memory of a float32 array on the CPU. */
final class NativeFloats {
  private NativeFloats() {}

  /** Shares the array's memory; valid while the array is open. */
  static ByteBuffer of(NDArray array) {
    ByteBuffer b = array.toByteBuffer(true).order(ByteOrder.nativeOrder());
    b.rewind();
    return b;
  }
}
