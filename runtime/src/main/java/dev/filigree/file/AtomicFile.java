package dev.filigree.file;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes a file whole or not at all: to a temporary name in the same folder, synced, then renamed.
 * What stood there before stays until then. The temporary file is removed when writing fails and
 * when the JVM is asked to stop.
 */
public final class AtomicFile {
  private AtomicFile() {}

  /** Writes the content. */
  public interface Body {
    void write(FileChannel out) throws IOException;
  }

  /**
   * @param target a new file or an existing regular one; a link is followed
   * @throws FiligreeException FIL-0403 where it cannot be written
   */
  public static void write(Path target, Body body) {
    try {
      Path file = Files.isSymbolicLink(target) ? target.toRealPath() : target.toAbsolutePath();
      Path folder = file.getParent();
      check(target, file, folder);
      byte[] random = new byte[8];
      ThreadLocalRandom.current().nextBytes(random);
      Path temporary = folder.resolve(".filigree-" + HexFormat.of().formatHex(random) + ".tmp");
      try (PendingFile pending = PendingFile.of(temporary)) {
        try (FileChannel out =
            FileChannel.open(
                pending.path(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
          body.write(out);
          out.force(true);
        }
        Files.move(pending.path(), file, StandardCopyOption.ATOMIC_MOVE);
      }
      syncFolder(folder);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0403, target, IoReason.of(e));
    }
  }

  /** Writes a text as UTF-8. */
  public static void write(Path target, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    write(target, out -> writeFully(out, ByteBuffer.wrap(bytes)));
  }

  /** Copies a file. */
  public static void copy(Path source, Path target) {
    try (FileChannel in = FileChannel.open(source, StandardOpenOption.READ)) {
      write(
          target,
          out -> {
            long size = in.size();
            for (long at = 0; at < size; ) {
              long moved = in.transferTo(at, size - at, out);
              if (moved == 0) {
                throw new IOException(source + " became shorter while it was read");
              }
              at += moved;
            }
          });
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, source, IoReason.of(e));
    }
  }

  /**
   * Checks early, before long work, that a file can be written there.
   *
   * @throws FiligreeException FIL-0403 where it is clear that it cannot
   */
  public static void checkWritable(Path target) {
    try {
      Path file = Files.isSymbolicLink(target) ? target.toRealPath() : target.toAbsolutePath();
      check(target, file, file.getParent());
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0403, target, IoReason.of(e));
    }
  }

  private static void check(Path target, Path file, Path folder) {
    String reason = null;
    if (Files.isDirectory(file)) {
      reason = "it is a folder";
    } else if (Files.exists(file) && !Files.isRegularFile(file)) {
      reason = "it is not a regular file";
    } else if (!Files.isDirectory(folder)) {
      reason = folder + (Files.exists(folder) ? " is not a folder" : " does not exist");
    } else if (!Files.isWritable(folder)) {
      reason = "files cannot be made in " + folder;
    }
    if (reason != null) {
      throw new FiligreeException(Message.FIL_0403, target, reason);
    }
  }

  /** Writes all remaining bytes; the buffer's position does not move. */
  static void writeFully(FileChannel out, ByteBuffer data) throws IOException {
    ByteBuffer rest = data.duplicate();
    while (rest.hasRemaining()) {
      out.write(rest);
    }
  }

  // The rename itself must be on disk; Windows has no handles on folders and needs none.
  static void syncFolder(Path folder) throws IOException {
    if (File.separatorChar == '/') {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }
}
