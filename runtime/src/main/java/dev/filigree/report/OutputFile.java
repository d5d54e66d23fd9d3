package dev.filigree.report;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Writes text files completely or not at all: temporary name, sync, rename. */
public final class OutputFile {
  private OutputFile() {}

  /**
   * Refuses a place that cannot be written, before work is spent on it.
   *
   * @throws FiligreeException FIL-0605
   */
  public static void check(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    if (Files.isDirectory(file)) {
      throw new FiligreeException(Message.FIL_0605, file, "it is a directory");
    }
    if (parent == null || !Files.isDirectory(parent)) {
      throw new FiligreeException(Message.FIL_0605, file, "its directory does not exist");
    }
    if (!Files.isWritable(parent)) {
      throw new FiligreeException(Message.FIL_0605, file, "its directory cannot be written to");
    }
  }

  /**
   * Writes text as UTF-8; an existing file is replaced in one step.
   *
   * @throws FiligreeException FIL-0605; nothing is left behind then
   */
  public static void write(Path file, String text) {
    check(file);
    Path target = file.toAbsolutePath();
    Path temporary = target.resolveSibling("." + target.getFileName() + ".part");
    try {
      try (FileChannel out =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      FiligreeException failure = new FiligreeException(e, Message.FIL_0605, file, e);
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException left) {
        failure.addSuppressed(left);
      }
      throw failure;
    }
  }
}
