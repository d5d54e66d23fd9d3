package dev.filigree.agent;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;

/**
 * The agent's own copy of Filigree, for a DJL that has none beside it. It is a child of DJL's
 * loader. Its own classes come first, whatever versions of its libraries the host has; but the
 * annotations come from the host where it has them, because annotated classes use those.
 */
final class NestedLoader extends URLClassLoader {
  private static final String ANNOTATIONS = ClassFacts.ANNOTATIONS.replace('/', '.');
  private static final String FOLDER = "META-INF/filigree/nested/";
  private static final List<String> JARS =
      List.of(
          "filigree-annotations.jar",
          "filigree-runtime.jar",
          "filigree-recipe.jar",
          "filigree-djl.jar",
          "snakeyaml-engine.jar",
          "gson.jar");
  private static final List<String> OPTIONAL_JARS = List.of("guava.jar", "failureaccess.jar");
  private static URL[] urls;

  static {
    registerAsParallelCapable();
  }

  /**
   * Below DJL's loader.
   *
   * @throws IOException if the copy cannot be unpacked
   */
  NestedLoader(ClassLoader djl) throws IOException {
    super("filigree", unpacked(), djl);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (name.startsWith("java.") || name.startsWith("ai.djl.") || name.startsWith(ANNOTATIONS)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> c = findLoadedClass(name);
      if (c == null && findResource(name.replace('.', '/') + ".class") != null) {
        c = findClass(name);
      }
      return c != null ? c : super.loadClass(name, resolve);
    }
  }

  /** Whole jars, because only from a jar file does the multi-release overlay work. */
  private static synchronized URL[] unpacked() throws IOException {
    if (urls == null) {
      List<URL> out = new ArrayList<>();
      for (String jar : JARS) {
        out.add(unpack(jar));
      }
      for (String jar : OPTIONAL_JARS) {
        if (AgentFiles.has(FOLDER + jar)) {
          out.add(unpack(jar));
        }
      }
      urls = out.toArray(URL[]::new);
    }
    return urls;
  }

  private static URL unpack(String jar) throws IOException {
    return AgentFiles.temporary(jar, AgentFiles.read(FOLDER + jar)).toUri().toURL();
  }
}
