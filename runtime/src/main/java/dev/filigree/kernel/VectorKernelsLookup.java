package dev.filigree.kernel;

/**
 * Finds the vector kernels. This is the version for JDKs and class folders that have none; on JDK
 * 25 the packaged jar has another class of this name.
 */
final class VectorKernelsLookup {

  private VectorKernelsLookup() {}

  /** Why there are no vector kernels, or null where {@link #create} works. */
  static String missing() {
    int jdk = Runtime.version().feature();
    return jdk < 25
        ? "JDK " + jdk + "; JDK 25 has vector kernels"
        : "class folders; the packaged jar has vector kernels";
  }

  /** The fastest kernels there are; here the plain ones. */
  static Kernels create() {
    return new PlainKernels();
  }

  /** Loops of the same kind as the kernels. */
  static ProbeLoops probe() {
    return new PlainProbe();
  }
}
