package dev.filigree.pack;

import dev.filigree.kernel.AlignedMemory;
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

  /** Fails with FIL-0311 where the content of a part cannot be what the format says. */
  void check(boolean holds, String suffix, Supplier<String> found) {
    if (!holds) {
      throw new FiligreeException(Message.FIL_0311, format, suffix, found.get());
    }
  }

  private static long bytes(String dtype, long... shape) {
    long bytes =
        switch (dtype) {
          case "U8" -> 1;
          case "U16" -> 2;
          default -> 4;
        };
    for (long n : shape) {
      bytes = Math.multiplyExact(bytes, n);
    }
    return bytes;
  }
}
