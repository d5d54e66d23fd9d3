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
    requireFinite(name, values, 0, values.limit());
    return values;
  }

  /**
   * Refuses other elements.
   *
   * @param name in the message
   * @param from where the elements begin, in bytes
   * @param bytes how many
   * @throws FiligreeException FIL-0712 for NaN or infinity
   */
  public static void requireFinite(String name, ByteBuffer values, int from, int bytes) {
    for (int i = 0; i < bytes; i += 4) {
      float v = values.getFloat(from + i);
      if (!Float.isFinite(v)) {
        throw new FiligreeException(Message.FIL_0712, name, v, i / 4);
      }
    }
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
