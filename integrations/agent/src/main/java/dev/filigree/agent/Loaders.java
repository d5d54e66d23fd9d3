package dev.filigree.agent;

import java.lang.instrument.Instrumentation;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/** Questions about class loaders. */
final class Loaders {
  private static final String WOVEN_CALLS_FILE =
      BridgeLoader.WOVEN_CALLS.replace('.', '/') + ".class";

  private Loaders() {}

  /** A name for messages. */
  static String name(ClassLoader loader) {
    if (loader == null) {
      return "the bootstrap class loader";
    }
    String type = loader.getClass().getName();
    return loader.getName() == null
        ? type + "@" + Integer.toHexString(System.identityHashCode(loader))
        : "class loader '" + loader.getName() + "' (" + type + ")";
  }

  /** Whether {@code loader} stands below {@code ancestor}. */
  @SuppressWarnings("ReferenceEquality") // a class loader is itself only
  static boolean isBelow(ClassLoader loader, ClassLoader ancestor) {
    for (ClassLoader l = loader.getParent(); l != null; l = l.getParent()) {
      if (l == ancestor) {
        return true;
      }
    }
    return false;
  }

  /** Whether a class of that name can be loaded there. */
  static boolean sees(ClassLoader loader, String className) {
    try {
      Class.forName(className, false, loader);
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  /** Whether {@code loader} sees Filigree's DJL side; loads nothing. */
  static boolean hasFiligree(ClassLoader loader) {
    return loader.getResource(WOVEN_CALLS_FILE) != null;
  }

  /**
   * Loaders below {@code djl}, of classes loaded so far, that see a Filigree which {@code djl} does
   * not.
   */
  static List<ClassLoader> withOwnFiligree(Instrumentation instrumentation, ClassLoader djl) {
    Set<ClassLoader> loaders = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Class<?> c : instrumentation.getAllLoadedClasses()) {
      if (c.getClassLoader() != null) {
        loaders.add(c.getClassLoader());
      }
    }
    return loaders.stream().filter(l -> isBelow(l, djl) && hasFiligree(l)).toList();
  }

  /** The distinct loaders that define a class of that name, among classes loaded so far. */
  static List<Class<?>> loaded(Instrumentation instrumentation, String className) {
    return Arrays.stream(instrumentation.getAllLoadedClasses())
        .<Class<?>>map(c -> c)
        .filter(c -> c.getName().equals(className))
        .toList();
  }
}
