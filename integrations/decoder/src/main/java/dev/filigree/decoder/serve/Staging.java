package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Tensors;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.OwnedMemory;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;

/**
 * Memory that dense weights pass through on their way to packed ones. One piece for all tensors:
 * freeing a piece for each would leave holes between the packed ones. For one thread.
 */
final class Staging implements AutoCloseable {
  private OwnedMemory memory;
  private ByteBuffer buffer;

  /**
   * Room for that many bytes.
   *
   * @throws FiligreeException FIL-0312 for 2 GiB and more
   */
  Staging(long bytes) {
    if (bytes > Integer.MAX_VALUE - 1024L) {
      throw new FiligreeException(Message.FIL_0312, bytes / 4, 1);
    }
    OwnedMemory.collect(
        () -> {
          memory = OwnedMemory.current();
          buffer = AlignedMemory.allocate((int) bytes);
          return this;
        });
  }

  /**
   * Tensors one behind the other.
   *
   * @return float32 from position 0 to the limit; valid until the next call
   * @throws FiligreeException FIL-0712 where one is not finite
   */
  ByteBuffer read(DecoderWeights weights, String... names) {
    int end = 0;
    for (String name : names) {
      int bytes = weights.read(name, buffer, end);
      Tensors.requireFinite(name, buffer, end, bytes);
      end += bytes;
    }
    return buffer.duplicate().order(buffer.order()).limit(end);
  }

  @Override
  public void close() {
    buffer = null;
    memory.free();
  }
}
