package dev.filigree.file;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A safetensors file, mapped into memory. Immutable; safe for any number of threads.
 *
 * <p>Everything the format forbids is refused before anything is allocated for it. No file handle
 * stays open: the mapping lives as long as a tensor of it is referenced. A file that another
 * process shortens while it is mapped breaks the mapping; Filigree itself only ever replaces files.
 */
public final class SafetensorsFile {
  // Small tensors share a mapping of about this size; larger ones have their own.
  private static final long WINDOW = 1L << 30;

  private final Path path;
  private final long fileBytes;
  private final byte[] header;
  private final Map<String, String> metadata;
  private final Map<String, Tensor> tensors;
  private final List<Tensor> inFileOrder;
  private final Map<String, Long> offsets;

  private SafetensorsFile(
      Path path,
      long fileBytes,
      byte[] header,
      SafetensorsHeader parsed,
      Map<String, Tensor> mapped) {
    this.path = path;
    this.fileBytes = fileBytes;
    this.header = header;
    this.metadata = parsed.metadata();
    Map<String, Tensor> byName = new LinkedHashMap<>();
    Map<String, Long> begins = new HashMap<>();
    parsed.slots().forEach(s -> byName.put(s.name(), mapped.get(s.name())));
    parsed.slots().forEach(s -> begins.put(s.name(), 8L + header.length + s.begin()));
    this.tensors = Collections.unmodifiableMap(byName);
    this.inFileOrder = List.copyOf(mapped.values());
    this.offsets = begins;
  }

  /**
   * Maps a file.
   *
   * @throws FiligreeException FIL-0404 where it cannot be read, FIL-0401 where the format forbids
   *     it
   */
  public static SafetensorsFile open(Path path) {
    if (Files.isDirectory(path)) {
      throw new FiligreeException(Message.FIL_0404, path, "it is a folder, not a file");
    }
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      throw new FiligreeException(Message.FIL_0404, path, "it is not a regular file");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return read(path, channel);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, path, IoReason.of(e));
    }
  }

  private static SafetensorsFile read(Path path, FileChannel channel) throws IOException {
    long size = channel.size();
    if (size < 8) {
      throw refused(null, path, "it has " + size + " bytes, too few for a header");
    }
    long length = readFully(channel, 0, 8).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    if (length < 0 || length > size - 8) {
      throw refused(
          null,
          path,
          "its header claims %s bytes, but only %s follow: it is cut short or another format"
              .formatted(Long.toUnsignedString(length), size - 8));
    }
    if (length > SafetensorsHeader.MAX_BYTES) {
      throw refused(null, path, "its header has " + length + " bytes, more than the format allows");
    }
    byte[] header = readFully(channel, 8, (int) length).array();
    SafetensorsHeader parsed;
    try {
      parsed = SafetensorsHeader.parse(header, size - 8 - length);
    } catch (IOException e) {
      throw refused(e, path, e.getMessage());
    }
    Map<String, Tensor> mapped = map(channel, 8 + length, parsed.slots());
    return new SafetensorsFile(path, size, header, parsed, mapped);
  }

  private static FiligreeException refused(IOException cause, Path path, String reason) {
    return cause == null
        ? new FiligreeException(Message.FIL_0401, path, reason)
        : new FiligreeException(cause, Message.FIL_0401, path, reason);
  }

  private static ByteBuffer readFully(FileChannel channel, long from, int length)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, from + buffer.position()) < 0) {
        throw new IOException("it became shorter while it was read");
      }
    }
    return buffer.flip();
  }

  private static Map<String, Tensor> map(
      FileChannel channel, long dataStart, List<SafetensorsHeader.Slot> slots) throws IOException {
    List<SafetensorsHeader.Slot> sorted = SafetensorsHeader.inFileOrder(slots);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    int i = 0;
    while (i < sorted.size()) {
      long begin = sorted.get(i).begin();
      int next = i + 1;
      while (next < sorted.size() && sorted.get(next).end() - begin <= WINDOW) {
        next++;
      }
      long end = sorted.get(next - 1).end();
      if (end - begin > Integer.MAX_VALUE) {
        // Only a single tensor can be that large.
        tensors.put(sorted.get(i).name(), chunked(channel, dataStart, sorted.get(i)));
      } else {
        ByteBuffer window = mapRange(channel, dataStart + begin, end - begin);
        for (SafetensorsHeader.Slot s : sorted.subList(i, next)) {
          ByteBuffer view = window.slice((int) (s.begin() - begin), (int) s.bytes());
          tensors.put(s.name(), tensor(s, List.of(view.order(ByteOrder.LITTLE_ENDIAN))));
        }
      }
      i = next;
    }
    return tensors;
  }

  private static Tensor chunked(FileChannel channel, long dataStart, SafetensorsHeader.Slot s)
      throws IOException {
    List<ByteBuffer> chunks = new ArrayList<>();
    for (long at = s.begin(); at < s.end(); at += WINDOW) {
      chunks.add(mapRange(channel, dataStart + at, Math.min(WINDOW, s.end() - at)));
    }
    return tensor(s, List.copyOf(chunks));
  }

  private static Tensor tensor(SafetensorsHeader.Slot s, List<ByteBuffer> chunks) {
    return new Tensor(s.name(), s.dtype(), s.shape(), chunks);
  }

  private static ByteBuffer mapRange(FileChannel channel, long from, long length)
      throws IOException {
    if (length == 0) {
      return ByteBuffer.allocateDirect(0).asReadOnlyBuffer();
    }
    return channel.map(FileChannel.MapMode.READ_ONLY, from, length).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Where the file was read from. */
  public Path path() {
    return path;
  }

  /** The size of the whole file. */
  public long fileBytes() {
    return fileBytes;
  }

  /** The texts of {@code __metadata__}; empty where the file has none. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** All tensors, in the order of the header. */
  public List<Tensor> tensors() {
    return List.copyOf(tensors.values());
  }

  /** The tensor of that name. */
  public Optional<Tensor> tensor(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /**
   * Where the bytes of a tensor begin, from the start of the file: for reading it without mapping
   * it, which keeps its pages out of the process.
   *
   * @throws IllegalArgumentException where there is no such tensor
   */
  public long offset(String name) {
    Long at = offsets.get(name);
    if (at == null) {
      throw new IllegalArgumentException("no tensor " + name);
    }
    return at;
  }

  /** All tensors, in the order of their bytes. */
  List<Tensor> inFileOrder() {
    return inFileOrder;
  }

  /** The header as it stands in the file, without its length; not to be written to. */
  byte[] header() {
    return header;
  }
}
