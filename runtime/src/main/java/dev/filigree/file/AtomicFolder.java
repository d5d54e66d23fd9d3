package dev.filigree.file;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Writes a folder whole or not at all: under a temporary name beside it, then renamed. The
 * temporary folder is removed when writing fails and when the JVM is asked to stop.
 */
public final class AtomicFolder {
  private AtomicFolder() {}

  /**
   * Writes it.
   *
   * @param target must not exist yet, or be an empty folder
   * @param body fills the temporary folder it is given
   * @throws FiligreeException FIL-0403 where it cannot be written
   */
  public static void write(Path target, Consumer<Path> body) {
    checkWritable(target);
    byte[] random = new byte[8];
    ThreadLocalRandom.current().nextBytes(random);
    Path folder = target.toAbsolutePath();
    Path temporary =
        folder.resolveSibling(".filigree-" + HexFormat.of().formatHex(random) + ".tmp");
    try (PendingFile pending = PendingFile.of(temporary)) {
      Files.createDirectory(pending.path());
      body.accept(pending.path());
      Files.move(pending.path(), folder, StandardCopyOption.ATOMIC_MOVE);
      AtomicFile.syncFolder(folder.getParent());
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0403, target, IoReason.of(e));
    }
  }

  /**
   * Checks early, before long work, that a folder can be written there.
   *
   * @throws FiligreeException FIL-0403 where it is clear that it cannot
   */
  public static void checkWritable(Path target) {
    Path folder = target.toAbsolutePath();
    Path parent = folder.getParent();
    String reason = null;
    try (Stream<Path> there = Files.list(folder)) {
      if (there.findAny().isPresent()) {
        reason = "it is a folder with files in it; name a new one";
      }
    } catch (NoSuchFileException e) {
      reason = parent != null && Files.isWritable(parent) ? null : "nothing can be made beside it";
    } catch (IOException e) {
      reason = "it is no folder";
    }
    if (reason != null || parent == null) {
      throw new FiligreeException(
          Message.FIL_0403, target, reason == null ? "it is the root" : reason);
    }
  }
}
