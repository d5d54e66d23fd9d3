package dev.filigree.decoder.load;

import dev.filigree.decoder.gguf.GgufType;
import dev.filigree.file.DType;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.Half;
import dev.filigree.file.IoReason;
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
    read(
        file,
        from,
        new Blocks(1, type.bits() / 8),
        elements,
        floats(to, at),
        (raw, out) -> {
          Tensor part = Tensor.of("", type, new long[] {out.remaining()}, raw);
          FloatTensor.of(part).read(0, out);
        });
  }

  /**
   * Reads elements of the GGUF type Q8_0: blocks of 32, a scale in F16 before as many signed bytes.
   *
   * @param elements a multiple of 32
   * @throws FiligreeException FIL-0404 where the file cannot be read
   */
  static void readQ8(Path file, long from, int elements, ByteBuffer to, int at) {
    Blocks blocks = new Blocks(GgufType.Q8_0.blockElements(), GgufType.Q8_0.blockBytes());
    read(
        file,
        from,
        blocks,
        elements,
        floats(to, at),
        (raw, out) -> {
          for (int i = 0, o = out.position(); o < out.limit(); i += blocks.bytes) {
            float scale = Half.toFloat(raw.getShort(i));
            for (int b = 0; b < blocks.elements; b++) {
              out.put(o++, scale * raw.get(i + 2 + b));
            }
          }
        });
  }

  private static FloatBuffer floats(ByteBuffer to, int at) {
    return to.duplicate().position(at).slice().order(to.order()).asFloatBuffer();
  }

  /** Elements that are stored together, and the bytes they take. */
  private record Blocks(int elements, int bytes) {}

  /** Turns whole blocks, from position 0 on, into what lies between position and limit. */
  private interface Decoding {
    void decode(ByteBuffer raw, FloatBuffer out);
  }

  private static void read(
      Path file, long from, Blocks blocks, int elements, FloatBuffer out, Decoding decoding) {
    ByteBuffer raw = ByteBuffer.allocateDirect(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
    int most = CHUNK / blocks.bytes * blocks.elements;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      for (int done = 0; done < elements; ) {
        int count = Math.min(elements - done, most);
        raw.clear().limit(count / blocks.elements * blocks.bytes);
        long start = from + (long) done / blocks.elements * blocks.bytes;
        while (raw.hasRemaining()) {
          if (channel.read(raw, start + raw.position()) < 0) {
            throw new IOException("it became shorter while it was read");
          }
        }
        decoding.decode(raw.flip(), out.duplicate().position(done).limit(done + count));
        done += count;
      }
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, file, IoReason.of(e));
    }
  }
}
