package dev.filigree.decoder.load;

import dev.filigree.file.DType;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.Tensor;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Reads elements of a file as float32. A mapping would be shorter, but its pages count as memory of
 * this process until the garbage collector finds the mapping.
 */
final class FileFloats {
  /** What an array holds at most; some room is left for alignment. */
  static final long MOST_BYTES = Integer.MAX_VALUE - 1024L;

  private static final int CHUNK = 1 << 20;

  private FileFloats() {}

  /**
   * Reads elements.
   *
   * @param from where they begin in the file, in bytes
   * @param type of the elements in the file, little-endian
   * @param to direct, in native order; overwritten from {@code at} on, a byte position
   * @throws FiligreeException FIL-0404 where the file cannot be read, FIL-0405 for a type that is
   *     no number
   */
  static void read(Path file, long from, DType type, int elements, ByteBuffer to, int at) {
    int width = type.bits() / 8;
    ByteBuffer raw = ByteBuffer.allocateDirect(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
    FloatBuffer out = to.duplicate().position(at).slice().order(to.order()).asFloatBuffer();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      for (int done = 0; done < elements; ) {
        int count = Math.min(elements - done, CHUNK / width);
        raw.clear().limit(count * width);
        while (raw.hasRemaining()) {
          long place = from + (long) done * width + raw.position();
          if (channel.read(raw, place) < 0) {
            throw new IOException("it became shorter while it was read");
          }
        }
        Tensor part = Tensor.of("", type, new long[] {count}, raw.flip());
        FloatTensor.of(part).read(0, out.duplicate().position(done).limit(done + count));
        done += count;
      }
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, file, e.getMessage());
    }
  }
}
