package dev.filigree.file;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Tensors that wait on disk, beside the file they will be written to, until all of it is known: so
 * memory does not grow with the model. The file is gone when this is closed or the JVM stops; the
 * tensors are to be used before.
 */
public final class Spool implements AutoCloseable {
  private static final long CHUNK = 1L << 30;

  private final Path target;
  private final PendingFile pending;
  private final FileChannel channel;
  private long end;

  private Spool(Path target, PendingFile pending, FileChannel channel) {
    this.target = target;
    this.pending = pending;
    this.channel = channel;
  }

  /**
   * A spool in the folder of a file.
   *
   * @throws FiligreeException FIL-0403 where no file can be made there
   */
  public static Spool beside(Path target) {
    byte[] random = new byte[8];
    ThreadLocalRandom.current().nextBytes(random);
    Path path =
        target
            .toAbsolutePath()
            .resolveSibling(".filigree-" + HexFormat.of().formatHex(random) + ".spool");
    PendingFile pending = PendingFile.of(path);
    try {
      return new Spool(
          target,
          pending,
          FileChannel.open(
              path,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE));
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0403, target, IoReason.of(e));
    }
  }

  /**
   * Stores a tensor.
   *
   * @param pieces its bytes one after the other, each from position to limit; taken one by one
   * @return the same tensor, mapped from the spool
   * @throws FiligreeException FIL-0403 where the disk refuses
   */
  public Tensor add(String name, DType type, long[] shape, Iterable<ByteBuffer> pieces) {
    try {
      long begin = end;
      long at = begin;
      for (ByteBuffer piece : pieces) {
        at = write(at, piece);
      }
      end = at;
      return tensor(name, type, shape, begin, end);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0403, target, IoReason.of(e));
    }
  }

  /** A place for a tensor that comes piece by piece, while others do as well. */
  public final class Slot {
    private final String name;
    private final DType type;
    private final long[] shape;
    private final long begin;
    private final long stop;
    private long at;

    private Slot(String name, DType type, long[] shape) {
      this.name = name;
      this.type = type;
      this.shape = shape;
      begin = end;
      stop = Math.addExact(begin, type.bytes(shape));
      at = begin;
    }

    /**
     * Stores the next bytes of the tensor, from position to limit; the position does not move.
     *
     * @throws FiligreeException FIL-0403 where the disk refuses
     * @throws IllegalStateException where the tensor has no room for them
     */
    public void append(ByteBuffer piece) {
      if (piece.remaining() > stop - at) {
        throw new IllegalStateException(
            name + " has room for " + (stop - at) + " bytes, not " + piece.remaining());
      }
      try {
        at = write(at, piece);
      } catch (IOException e) {
        throw new FiligreeException(e, Message.FIL_0403, target, IoReason.of(e));
      }
    }

    /**
     * The tensor, mapped from the spool.
     *
     * @throws FiligreeException FIL-0403 where the disk refuses
     * @throws IllegalStateException where bytes are missing
     */
    public Tensor tensor() {
      if (at != stop) {
        throw new IllegalStateException(name + " lacks " + (stop - at) + " bytes");
      }
      try {
        return Spool.this.tensor(name, type, shape, begin, stop);
      } catch (IOException e) {
        throw new FiligreeException(e, Message.FIL_0403, target, IoReason.of(e));
      }
    }
  }

  /** Keeps room for a tensor whose bytes are appended later. */
  public Slot reserve(String name, DType type, long... shape) {
    Slot slot = new Slot(name, type, shape.clone());
    end = slot.stop;
    return slot;
  }

  private long write(long from, ByteBuffer piece) throws IOException {
    ByteBuffer rest = piece.duplicate();
    long at = from;
    while (rest.hasRemaining()) {
      at += channel.write(rest, at);
    }
    return at;
  }

  private Tensor tensor(String name, DType type, long[] shape, long begin, long stop)
      throws IOException {
    List<ByteBuffer> chunks = new ArrayList<>();
    for (long at = begin; at < stop; at += CHUNK) {
      chunks.add(
          channel
              .map(FileChannel.MapMode.READ_ONLY, at, Math.min(CHUNK, stop - at))
              .order(ByteOrder.LITTLE_ENDIAN));
    }
    return new Tensor(
        name, type, shape, chunks.isEmpty() ? List.of(ByteBuffer.allocateDirect(0)) : chunks);
  }

  @Override
  public void close() {
    try (pending) {
      channel.close();
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0403, target, IoReason.of(e));
    }
  }
}
