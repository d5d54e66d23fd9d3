package dev.filigree.hosts;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** Loads classes from the jars inside a jar, as executable Spring Boot jars do. */
final class NestedJars extends ClassLoader {
  private final Map<String, byte[]> files = new HashMap<>();

  NestedJars(String name, ClassLoader parent, Path jarOfJars) throws IOException {
    super(name, parent);
    try (InputStream in = Files.newInputStream(jarOfJars);
        ZipInputStream outer = new ZipInputStream(in)) {
      for (ZipEntry e = outer.getNextEntry(); e != null; e = outer.getNextEntry()) {
        if (e.getName().startsWith("BOOT-INF/lib/") && e.getName().endsWith(".jar")) {
          read(new ByteArrayInputStream(outer.readAllBytes()));
        } else if (e.getName().startsWith("BOOT-INF/classes/")) {
          files.put(e.getName().substring("BOOT-INF/classes/".length()), outer.readAllBytes());
        }
      }
    }
  }

  private void read(InputStream jar) throws IOException {
    try (ZipInputStream inner = new ZipInputStream(jar)) {
      for (ZipEntry e = inner.getNextEntry(); e != null; e = inner.getNextEntry()) {
        if (!e.isDirectory()) {
          files.putIfAbsent(e.getName(), inner.readAllBytes());
        }
      }
    }
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    byte[] file = files.get(name.replace('.', '/') + ".class");
    if (file == null) {
      throw new ClassNotFoundException(name);
    }
    return defineClass(name, file, 0, file.length);
  }

  @Override
  protected URL findResource(String name) {
    byte[] file = files.get(name);
    if (file == null) {
      return null;
    }
    try {
      return new URL(null, "nested:/" + name, new InMemory(file));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  protected Enumeration<URL> findResources(String name) {
    URL url = findResource(name);
    return Collections.enumeration(url == null ? List.of() : List.of(url));
  }

  private static final class InMemory extends URLStreamHandler {
    private final byte[] file;

    InMemory(byte[] file) {
      this.file = file;
    }

    @Override
    protected URLConnection openConnection(URL url) {
      return new URLConnection(url) {
        @Override
        public void connect() {}

        @Override
        public InputStream getInputStream() {
          return new ByteArrayInputStream(file);
        }
      };
    }
  }
}
