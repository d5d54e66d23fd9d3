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
      long begin = channel.size();
      channel.position(begin);
      for (ByteBuffer piece : pieces) {
        AtomicFile.writeFully(channel, piece);
      }
      long end = channel.position();
      List<ByteBuffer> chunks = new ArrayList<>();
      for (long at = begin; at < end; at += CHUNK) {
        chunks.add(
            channel
                .map(FileChannel.MapMode.READ_ONLY, at, Math.min(CHUNK, end - at))
                .order(ByteOrder.LITTLE_ENDIAN));
      }
      return new Tensor(
          name, type, shape, chunks.isEmpty() ? List.of(ByteBuffer.allocateDirect(0)) : chunks);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0403, target, IoReason.of(e));
    }
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
