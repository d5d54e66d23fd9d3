package dev.filigree.plan;

import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/**
 * The index that the annotation processor writes: one file per annotated top-level class, named as
 * the class.
 */
public final class AnnotationIndex {
  /** Where the files are, without a slash at the end. */
  public static final String FOLDER = "META-INF/filigree/index";

  private AnnotationIndex() {}

  /**
   * The names of the classes in every index a loader sees and that can be listed. A loader that
   * cannot list (nested jars, for example) adds nothing: its classes are noticed when they load.
   */
  public static Set<String> classes(ClassLoader loader) {
    Set<String> out = new TreeSet<>();
    try {
      for (URL url : Collections.list(loader.getResources(FOLDER))) {
        list(url, out);
      }
    } catch (IOException | RuntimeException e) {
      return out;
    }
    return out;
  }

  private static void list(URL url, Set<String> out) throws IOException {
    if ("file".equals(url.getProtocol())) {
      try (Stream<Path> files = Files.list(Path.of(URI.create(url.toString())))) {
        files.filter(Files::isRegularFile).forEach(f -> out.add(f.getFileName().toString()));
      }
    } else if (url.openConnection() instanceof JarURLConnection connection) {
      JarFile jar = connection.getJarFile();
      try {
        String entry = connection.getEntryName();
        String folder = entry.endsWith("/") ? entry : entry + "/";
        jar.stream()
            .map(e -> e.getName())
            .filter(n -> n.startsWith(folder) && n.length() > folder.length())
            .forEach(n -> out.add(n.substring(folder.length())));
      } finally {
        if (!connection.getUseCaches()) {
          jar.close();
        }
      }
    }
  }
}
