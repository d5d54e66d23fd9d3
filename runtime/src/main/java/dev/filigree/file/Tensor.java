package dev.filigree.file;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A named array of a safetensors file, little-endian, row-major.
 *
 * @param name unique in its file
 * @param dtype element type
 * @param shape dimensions, 0 or more
 * @param chunks the bytes from each buffer's position to its limit; one buffer unless there are 2
 *     GiB or more. Not to be written to
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Tensor(String name, DType dtype, long[] shape, List<ByteBuffer> chunks) {

  /** A tensor below 2 GiB. */
  public static Tensor of(String name, DType dtype, long[] shape, ByteBuffer data) {
    return new Tensor(name, dtype, shape, List.of(data));
  }

  /** How many bytes there are. */
  public long bytes() {
    return chunks.stream().mapToLong(ByteBuffer::remaining).sum();
  }

  /**
   * All bytes as one little-endian view at position 0; nothing is copied.
   *
   * @throws FiligreeException FIL-0405 for 2 GiB and more
   */
  public ByteBuffer data() {
    if (chunks.size() != 1) {
      throw new FiligreeException(
          Message.FIL_0405,
          name,
          "has " + bytes() + " bytes, but one buffer holds at most " + Integer.MAX_VALUE);
    }
    return chunks.get(0).slice().order(ByteOrder.LITTLE_ENDIAN);
  }
}
