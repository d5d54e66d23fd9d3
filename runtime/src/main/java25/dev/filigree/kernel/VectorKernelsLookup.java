package dev.filigree.kernel;

import java.nio.ByteOrder;

/** Finds the vector kernels; the version for JDK 25 and later. */
final class VectorKernelsLookup {
  private static final String MODULE = "jdk.incubator.vector";

  private VectorKernelsLookup() {}

  /** Why there are no vector kernels, or null where {@link #create} works. */
  static String missing() {
    if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
      return "add --add-modules " + MODULE;
    }
    return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
        ? null
        : "the vector kernels need a little-endian machine";
  }

  /** The vector kernels; the only place that names them, so that nothing loads them by accident. */
  static Kernels create() {
    VectorKernelsLookup.class.getModule().addReads(ModuleLayer.boot().findModule(MODULE).get());
    return new VectorKernels();
  }
}
