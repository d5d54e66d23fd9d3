package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * Stored weights of one matrix, in the order its format says.
 *
 * @param type how each is written
 * @param data the weights, direct, native order, from position 0
 * @param scales F32, what integers are multiplied with: one per output in formats stored by
 *     outputs, one per input in those stored by inputs; null for the floating-point types
 */
public record Values(ValueType type, ByteBuffer data, ByteBuffer scales) {

  /** Weights in float32. */
  public static Values floats(ByteBuffer data) {
    return new Values(ValueType.F32, data, null);
  }

  /**
   * One weight.
   *
   * @param index where it is stored
   * @param group the output or input whose scale holds; not read for floating-point types
   */
  public float get(int index, int group) {
    return switch (type) {
      case F32 -> data.getFloat(4 * index);
      case BF16 -> Bf16.toFloat(data.getShort(2 * index));
      case INT8 -> data.get(index) * scales.getFloat(4 * group);
    };
  }

  /**
   * The float32 bits of one weight, those of a NaN included; zeros of both signs are +0.0, because
   * -0.0 has no place in a sparse format and all formats unpack to the same bits.
   */
  public int bits(int index, int group) {
    int bits =
        type == ValueType.F32 ? data.getInt(4 * index) : Float.floatToRawIntBits(get(index, group));
    return bits == Integer.MIN_VALUE ? 0 : bits;
  }

  /** Whether the bits of one weight are not all zero. */
  public boolean isStored(int index) {
    return switch (type) {
      case F32 -> data.getInt(4 * index) != 0;
      case BF16 -> data.getShort(2 * index) != 0;
      case INT8 -> data.get(index) != 0;
    };
  }
}
