package dev.filigree.hosts;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Builds class loaders and runs programs in them. Arguments, repeated: {@code loader NAME PARENT
 * PATH}, {@code nested NAME PARENT JAR} for a jar of jars, {@code hiding NAME PARENT PATH} for a
 * loader that hides the agent's hook, and {@code run NAME CLASS}. Parents {@code platform} and
 * {@code system} exist.
 */
public final class Launcher {
  private Launcher() {}

  /** Runs it. */
  public static void main(String[] args) throws Exception {
    Map<String, ClassLoader> loaders = new HashMap<>();
    loaders.put("platform", ClassLoader.getPlatformClassLoader());
    loaders.put("system", ClassLoader.getSystemClassLoader());
    int at = 0;
    while (at < args.length) {
      String verb = args[at];
      String name = args[at + 1];
      if (verb.equals("run")) {
        run(loaders.get(name), args[at + 2]);
        at += 3;
      } else {
        loaders.put(name, loader(verb, name, loaders.get(args[at + 2]), args[at + 3]));
        at += 4;
      }
    }
  }

  private static ClassLoader loader(String verb, String name, ClassLoader parent, String path)
      throws Exception {
    if (verb.equals("nested")) {
      return new NestedJars(name, parent, Path.of(path));
    }
    URL[] urls = urls(path);
    return verb.equals("loader")
        ? new URLClassLoader(name, urls, parent)
        : new URLClassLoader(name, urls, parent) {
          @Override
          protected Class<?> loadClass(String className, boolean resolve)
              throws ClassNotFoundException {
            if (className.startsWith("dev.filigree.agent.")) {
              throw new ClassNotFoundException(className);
            }
            return super.loadClass(className, resolve);
          }
        };
  }

  private static void run(ClassLoader loader, String className) throws Exception {
    Thread.currentThread().setContextClassLoader(loader);
    Class<?> program = Class.forName(className, true, loader);
    program.getMethod("main", String[].class).invoke(null, (Object) new String[0]);
  }

  private static URL[] urls(String path) throws MalformedURLException {
    List<URL> out = new ArrayList<>();
    for (String entry : path.split(File.pathSeparator, -1)) {
      out.add(Path.of(entry).toUri().toURL());
    }
    return out.toArray(URL[]::new);
  }
}
