package dev.filigree.djl.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.function.Consumer;

/** Access to the values of a weight array that autograd does not see, on any thread. */
public final class Weights {
  private Weights() {}

  /**
   * Whether masks can be computed on it: float32. Other types would abort the engine or lose
   * precision.
   */
  public static boolean isReadable(NDArray weight) {
    return weight.getDataType() == DataType.FLOAT32;
  }

  /** Lets the reader see the values, without a copy on the CPU. The buffer is not to be kept. */
  public static void read(NDArray weight, Consumer<FloatBuffer> reader) {
    try (NDArray detached = weight.stopGradient()) {
      ByteBuffer bytes = detached.toByteBuffer(true).order(ByteOrder.nativeOrder());
      bytes.rewind();
      reader.accept(bytes.asFloatBuffer());
    }
  }

  /** w *= mask, unseen by autograd. */
  public static void mask(NDArray weight, NDArray mask) {
    try (NDArray detached = weight.stopGradient()) {
      detached.muli(mask);
    }
  }

  /**
   * Overwrites the values in place, unseen by autograd; {@code copyTo} would give the array other
   * memory instead.
   */
  public static void write(NDArray weight, FloatBuffer values) {
    try (NDArray detached = weight.stopGradient()) {
      if (detached.getDevice().isGpu()) {
        try (NDArray source = weight.getManager().create(values, weight.getShape())) {
          detached.set(new NDIndex("..."), source);
        }
      } else {
        FloatBuffer target =
            detached.toByteBuffer(true).order(ByteOrder.nativeOrder()).rewind().asFloatBuffer();
        target.put(values.duplicate());
      }
    }
  }

  /** A new array of that shape from heap values, on a manager. */
  static NDArray create(NDManager manager, FloatBuffer values, NDArray like) {
    NDArray array = manager.create(values, like.getShape());
    if (array.getDevice().equals(like.getDevice())) {
      return array;
    }
    try (array) {
      NDArray moved = array.toDevice(like.getDevice(), true);
      moved.attach(manager);
      return moved;
    }
  }
}
