package dev.filigree.decoder.model;

import dev.filigree.kernel.OwnedMemory;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.function.Supplier;

/** Reading a decoder's tensors. */
public final class Tensors {
  private Tensors() {}

  /**
   * A tensor whose elements are finite, as {@link DecoderWeights#floats} gives it.
   *
   * @throws FiligreeException FIL-0712 for NaN or infinity
   */
  public static ByteBuffer finite(DecoderWeights weights, String name) {
    ByteBuffer values = weights.floats(name);
    for (int i = 0; i < values.limit(); i += 4) {
      float v = values.getFloat(i);
      if (!Float.isFinite(v)) {
        throw new FiligreeException(Message.FIL_0712, name, v, i / 4);
      }
    }
    return values;
  }

  /**
   * The same as an array.
   *
   * @throws FiligreeException FIL-0712 for NaN or infinity
   */
  public static float[] array(DecoderWeights weights, String name) {
    ByteBuffer values = finite(weights, name);
    float[] out = new float[values.limit() / 4];
    values.asFloatBuffer().get(out);
    return out;
  }

  /**
   * Does work and frees what was allocated off heap for it, which can be as large as the result.
   * Packed matrices own their memory themselves.
   */
  public static <T> T borrowing(Supplier<T> work) {
    OwnedMemory[] borrowed = new OwnedMemory[1];
    try {
      return OwnedMemory.collect(
          () -> {
            borrowed[0] = OwnedMemory.current();
            return work.get();
          });
    } finally {
      if (borrowed[0] != null) {
        borrowed[0].free();
      }
    }
  }
}
