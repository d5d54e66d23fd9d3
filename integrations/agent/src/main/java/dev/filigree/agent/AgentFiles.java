package dev.filigree.agent;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/** Files inside the agent jar, and temporary copies of them for those who need a file on disk. */
final class AgentFiles {
  private static Path directory;

  private AgentFiles() {}

  /**
   * The bytes of a file in the agent jar.
   *
   * @throws FileNotFoundException if there is none with that name
   */
  static byte[] read(String name) throws IOException {
    try (InputStream in = AgentFiles.class.getResourceAsStream("/" + name)) {
      if (in == null) {
        throw new FileNotFoundException(name + " is not in the agent jar");
      }
      return in.readAllBytes();
    }
  }

  /** Whether a file is in the agent jar. */
  static boolean has(String name) {
    return AgentFiles.class.getResource("/" + name) != null;
  }

  /** Writes a file that is deleted when the JVM ends. */
  static Path temporary(String name, byte[] content) throws IOException {
    Path file = directory().resolve(name);
    Files.write(file, content);
    file.toFile().deleteOnExit();
    return file;
  }

  /** A temporary jar with some of our own classes, by their internal names. */
  static Path temporaryJar(String name, String... classes) throws IOException {
    Path file = temporary(name, new byte[0]);
    try (OutputStream out = Files.newOutputStream(file);
        JarOutputStream jar = new JarOutputStream(out)) {
      for (String c : classes) {
        jar.putNextEntry(new JarEntry(c + ".class"));
        jar.write(read(c + ".class"));
        jar.closeEntry();
      }
    }
    return file;
  }

  private static synchronized Path directory() throws IOException {
    if (directory == null) {
      directory = Files.createTempDirectory("filigree-agent");
      directory.toFile().deleteOnExit();
    }
    return directory;
  }
}
