package dev.filigree.file;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Writes safetensors files whose data start on 64 bytes; whole or not at all. */
public final class SafetensorsWriter {
  private SafetensorsWriter() {}

  /**
   * Writes a file. Tensors are listed in the order given; their bytes are ordered so that each is
   * aligned to its element, and to 64 bytes where its size is a multiple of that.
   *
   * @param tensors may be views of a mapped file, the target's old content as well
   * @param metadata texts for {@code __metadata__}; left out where empty
   * @throws FiligreeException FIL-0403 where the target cannot be written, FIL-0405 where the
   *     format forbids a tensor
   */
  public static void write(Path target, List<Tensor> tensors, Map<String, String> metadata) {
    Layout layout = Layout.of(tensors, List.of());
    byte[] header = header(target, layout, metadata);
    AtomicFile.write(
        target,
        out -> {
          AtomicFile.writeFully(out, length(header));
          AtomicFile.writeFully(out, ByteBuffer.wrap(header));
          writeData(out, layout);
        });
  }

  private static void writeData(FileChannel out, Layout layout) throws IOException {
    for (Tensor t : layout.inFileOrder()) {
      for (ByteBuffer chunk : t.chunks()) {
        AtomicFile.writeFully(out, chunk);
      }
    }
  }

  static ByteBuffer length(byte[] header) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, header.length);
  }

  /** The header, filled up with spaces so that the data start on 64 bytes. */
  static byte[] header(Path target, Layout layout, Map<String, String> metadata) {
    metadata.forEach(
        (key, value) -> {
          if (!StrictJson.isEncodable(key) || !StrictJson.isEncodable(value)) {
            throw new FiligreeException(
                Message.FIL_0403, target, "the metadata \"" + key + "\" is no valid text");
          }
        });
    String json =
        StrictJson.write(
            out -> {
              out.beginObject();
              if (!metadata.isEmpty()) {
                out.name(SafetensorsHeader.METADATA).beginObject();
                for (Map.Entry<String, String> e : metadata.entrySet()) {
                  out.name(e.getKey()).value(e.getValue());
                }
                out.endObject();
              }
              for (Tensor t : layout.header()) {
                long begin = layout.begins().get(t.name());
                out.name(t.name()).beginObject().name("dtype").value(t.dtype().name());
                out.name("shape").beginArray();
                for (long d : t.shape()) {
                  out.value(d);
                }
                out.endArray().name("data_offsets").beginArray();
                out.value(begin).value(begin + t.bytes()).endArray().endObject();
              }
              out.endObject();
            });
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    int padded = bytes.length + (-(bytes.length + 8) & (Layout.ALIGNMENT - 1));
    if (padded > SafetensorsHeader.MAX_BYTES) {
      throw new FiligreeException(
          Message.FIL_0403,
          target,
          "its header would have " + padded + " bytes, more than the format allows");
    }
    byte[] header = Arrays.copyOf(bytes, padded);
    Arrays.fill(header, bytes.length, padded, (byte) ' ');
    return header;
  }
}
