package dev.filigree.file;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A temporary file, or a folder of files, that is gone when this is closed or the JVM stops, unless
 * it was renamed.
 */
final class PendingFile implements AutoCloseable {
  private static final Set<Path> PENDING = ConcurrentHashMap.newKeySet();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(PendingFile::removeAll, "filigree-cleanup"));
  }

  private final Path path;

  private PendingFile(Path path) {
    this.path = path;
  }

  static PendingFile of(Path path) {
    PENDING.add(path);
    return new PendingFile(path);
  }

  Path path() {
    return path;
  }

  @Override
  public void close() throws IOException {
    if (Files.isDirectory(path)) {
      delete(path.toFile());
    } else {
      Files.deleteIfExists(path);
    }
    PENDING.remove(path);
  }

  private static void removeAll() {
    // File.delete does not throw: the JVM is stopping, and nobody is left to be told.
    PENDING.removeIf(path -> delete(path.toFile()));
  }

  private static boolean delete(File file) {
    File[] inside = Files.isSymbolicLink(file.toPath()) ? null : file.listFiles();
    if (inside != null) {
      for (File f : inside) {
        delete(f);
      }
    }
    return file.delete();
  }
}
