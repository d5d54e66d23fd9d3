package dev.filigree.file;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What stands beside the weights in a model's folder: its configuration and its tokenizer. */
public final class FurtherFiles {
  private static final List<String> ENDINGS = List.of(".json", ".txt", ".model");

  private FurtherFiles() {}

  /**
   * Copies them.
   *
   * @throws FiligreeException FIL-0404 where one cannot be read, FIL-0403 where one cannot be
   *     written
   */
  public static void copy(Path from, Path to) {
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.filter(FurtherFiles::belongs).sorted().toList()) {
        AtomicFile.copy(file, to.resolve(file.getFileName()));
      }
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, from, e.getMessage());
    }
  }

  private static boolean belongs(Path file) {
    String name = file.getFileName().toString();
    return Files.isRegularFile(file)
        && !name.equals(ModelFiles.INDEX)
        && ENDINGS.stream().anyMatch(name::endsWith);
  }
}
