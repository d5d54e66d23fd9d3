package dev.filigree.pack;

import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import dev.filigree.kernel.Values;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Supplier;

/** Takes the stored arrays of a matrix after checking that they are what the format says. */
final class PartReader {
  private final String format;
  private final Map<String, Part> parts;

  PartReader(String format, Map<String, Part> parts) {
    this.format = format;
    this.parts = parts;
  }

  /**
   * The content of a part: the same memory where it is aligned, else an aligned copy.
   *
   * @throws FiligreeException FIL-0310 where it is missing or has another type, shape or size
   */
  ByteBuffer take(String suffix, String dtype, long... shape) {
    long bytes = bytes(dtype, shape);
    Part part = parts.get(suffix);
    String wanted = dtype + " " + Arrays.toString(shape);
    if (part == null) {
      throw new FiligreeException(Message.FIL_0310, format, suffix, "missing", wanted);
    }
    if (!part.dtype().equals(dtype)
        || !Arrays.equals(part.shape(), shape)
        || part.data().limit() != bytes) {
      String found =
          part.dtype()
              + " "
              + Arrays.toString(part.shape())
              + " in "
              + part.data().limit()
              + " bytes";
      throw new FiligreeException(Message.FIL_0310, format, suffix, found, wanted);
    }
    return AlignedMemory.aligned(part.data());
  }

  /**
   * The weights in {@code values}, whatever their type, and for integers their {@code scales}.
   *
   * @param groups how many scales there must be
   * @throws FiligreeException FIL-0310 as {@link #take}, FIL-0311 for a scale that is no positive
   *     number
   */
  Values values(int groups, long... shape) {
    ValueType type = valueType();
    ByteBuffer data = take("values", type.dtype(), shape);
    if (type != ValueType.INT8) {
      return new Values(type, data, null);
    }
    ByteBuffer scales = take("scales", "F32", groups);
    for (int i = 0; i < groups; i++) {
      int group = i;
      float scale = scales.getFloat(4 * i);
      check(
          scale > 0 && scale < Float.POSITIVE_INFINITY,
          "scales",
          () -> "scale " + group + " is " + scale);
    }
    return new Values(type, data, scales);
  }

  /** The type of {@code values}; F32 where the part is missing or has no type we know. */
  private ValueType valueType() {
    Part part = parts.get("values");
    for (ValueType type : ValueType.values()) {
      if (part != null && part.dtype().equals(type.dtype())) {
        return type;
      }
    }
    return ValueType.F32;
  }

  /** Fails with FIL-0311 where the content of a part cannot be what the format says. */
  void check(boolean holds, String suffix, Supplier<String> found) {
    if (!holds) {
      throw new FiligreeException(Message.FIL_0311, format, suffix, found.get());
    }
  }

  private static long bytes(String dtype, long... shape) {
    long bytes =
        switch (dtype) {
          case "U8", "I8" -> 1;
          case "U16", "BF16" -> 2;
          default -> 4;
        };
    for (long n : shape) {
      bytes = Math.multiplyExact(bytes, n);
    }
    return bytes;
  }
}
