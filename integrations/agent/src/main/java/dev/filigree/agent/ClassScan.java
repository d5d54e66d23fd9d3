package dev.filigree.agent;

import java.io.IOException;
import java.io.InputStream;

/** Decides which class files are worth reading, and reads those. */
final class ClassScan {
  private static final String DJL_PREFIX = "ai/djl/";

  private final HouseAnnotations annotations = new HouseAnnotations();

  /** Whether a class, by its internal name, can be passed over unseen. */
  static boolean isSkipped(String internalName) {
    return internalName.startsWith("java/")
        || internalName.startsWith("javax/")
        || internalName.startsWith("jdk/")
        || internalName.startsWith("sun/")
        || internalName.startsWith("com/sun/")
        || internalName.startsWith("dev/filigree/agent/");
  }

  /** Whether a class, by its internal name, is one of DJL's. */
  static boolean isDjl(String internalName) {
    return internalName.startsWith(DJL_PREFIX);
  }

  /** What matters about a class file, or null where nothing does. */
  ClassFacts read(ClassLoader loader, String internalName, byte[] file) {
    int found = ConstantPool.find(file);
    boolean worthReading =
        isDjl(internalName)
            ? WeavePoint.in(internalName) || (found & ConstantPool.FORWARD_WITH_LABELS) != 0
            : found != 0;
    return worthReading ? ClassFacts.read(file, a -> annotations.isOurs(loader, a)) : null;
  }

  /** Whether a class that is loaded already may matter, judged by its file. */
  boolean mayMatter(Class<?> c) {
    ClassLoader loader = c.getClassLoader();
    String name = c.getName().replace('.', '/');
    if (loader == null || c.isArray() || c.isHidden() || c.isPrimitive() || isSkipped(name)) {
      return false;
    }
    if (WeavePoint.in(name)) {
      return true;
    }
    try (InputStream in = loader.getResourceAsStream(name + ".class")) {
      // A class without a file, such as a proxy, was written by a program, not by a user.
      return in != null && read(loader, name, in.readAllBytes()) != null;
    } catch (IOException e) {
      return true; // let the transformer look at the bytes the JVM has
    }
  }
}
