package dev.filigree.djl.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript archive in memory: DJL has no bfloat16 arrays and no compressed sparse rows, but
 * libtorch, asked by a script, has. The script is a class {@code M} that keeps its tensors in a
 * list {@code weights}, empty at first, and may count its calls in {@code next}, 0 at first.
 */
public final class TorchArchive {
  private static final String CLASS =
      """
      class M(Module):
        __parameters__ = []
        __buffers__ = []
        training : bool
        next : int
        weights : List[Tensor]
      """;

  private TorchArchive() {}

  /**
   * The archive, as {@code Model.load} of DJL's PyTorch engine takes it.
   *
   * @param methods of the class, indented by two spaces
   */
  public static byte[] of(String methods) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      put(zip, "data.pkl", instance());
      put(zip, "code/__torch__.py", bytes(CLASS + methods));
      // An empty tuple.
      put(zip, "constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
      put(zip, "version", bytes("3\n"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** An object of the class with its attributes, in Python's pickle format, protocol 2. */
  private static byte[] instance() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(new byte[] {(byte) 0x80, 2});
    out.write(bytes("c__torch__\nM\n"));
    // An empty tuple of arguments, a new object, a dictionary for its state, a mark.
    out.write(new byte[] {')', (byte) 0x81, '}', '('});
    key(out, "training");
    out.write(0x89); // false
    key(out, "next");
    out.write(new byte[] {'K', 0});
    key(out, "weights");
    out.write(']'); // an empty list
    // Set the items, build the object, stop.
    out.write(bytes("ub."));
    return out.toByteArray();
  }

  private static void key(ByteArrayOutputStream out, String name) throws IOException {
    out.write(new byte[] {'X', (byte) name.length(), 0, 0, 0});
    out.write(bytes(name));
  }

  private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
    zip.putNextEntry(new ZipEntry("archive/" + name));
    zip.write(content);
    zip.closeEntry();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
