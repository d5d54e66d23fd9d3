package dev.filigree.decoder.gguf;

import dev.filigree.file.IoReason;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;

/**
 * A GGUF file of version 2 or 3, little-endian. Only its header is in memory; nothing stays open.
 * Immutable.
 */
public final class GgufFile {
  private static final int BUFFER = 1 << 16;

  private final Path path;
  private final GgufHeader header;

  private GgufFile(Path path, GgufHeader header) {
    this.path = path;
    this.header = header;
  }

  /** Whether a file begins as one of this format does; false where it cannot be read. */
  public static boolean isOne(Path path) {
    try (InputStream in = Files.newInputStream(path)) {
      byte[] first = in.readNBytes(4);
      return first.length == 4
          && ByteBuffer.wrap(first).order(ByteOrder.LITTLE_ENDIAN).getInt() == GgufHeader.MAGIC;
    } catch (IOException e) {
      // Whoever opens it next says why.
      return false;
    }
  }

  /**
   * Reads the header of a file.
   *
   * @throws FiligreeException FIL-0404 where it cannot be read, FIL-0820 where the format forbids
   *     it, FIL-0821 for a tensor of a type that is not read
   */
  public static GgufFile open(Path path) {
    long size;
    InputStream file;
    try {
      size = Files.size(path);
      file = Files.newInputStream(path);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, path, IoReason.of(e));
    }
    try (InputStream in = new BufferedInputStream(file, BUFFER)) {
      return new GgufFile(path, GgufHeader.read(new GgufInput(in, size), path));
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0820, path, e.getMessage());
    }
  }

  /** Where it was read from. */
  public Path path() {
    return path;
  }

  /** Its texts and numbers. */
  public GgufMetadata metadata() {
    return new GgufMetadata(path, header.metadata());
  }

  /** Its tensors, in file order. */
  public Collection<GgufTensor> tensors() {
    return header.tensors().values();
  }

  /** The tensor of that name. */
  public Optional<GgufTensor> tensor(String name) {
    return Optional.ofNullable(header.tensors().get(name));
  }
}
