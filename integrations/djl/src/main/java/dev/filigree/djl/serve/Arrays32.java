package dev.filigree.djl.serve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Float32 arrays on the CPU as direct buffers that share their memory. */
final class Arrays32 {
  private Arrays32() {}

  /** Whether packed operators can read it. */
  static boolean isUsable(NDArray x) {
    return x.getDataType() == DataType.FLOAT32
        && !x.getDevice().isGpu()
        && x.getShape().dimension() > 0;
  }

  /** The values; valid while the array is. */
  static ByteBuffer buffer(NDArray x) {
    ByteBuffer b = x.toByteBuffer(true).order(ByteOrder.nativeOrder());
    b.rewind();
    return b;
  }

  /** The shape with its last dimension replaced. */
  static Shape withLast(Shape shape, long last) {
    long[] dims = shape.getShape().clone();
    dims[dims.length - 1] = last;
    return new Shape(dims);
  }
}
