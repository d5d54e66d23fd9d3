package dev.filigree.kernel;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
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
    if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
      return "the vector kernels need a little-endian machine";
    }
    return fusedMultiplyAdd() ? null : "this processor has no fused multiply-add";
  }

  /**
   * Whether fma is one instruction. Where it is not, Java computes it in arbitrary precision, a
   * thousand times slower. JVMs other than HotSpot, or without that module, do not say, and get the
   * benefit of the doubt.
   */
  private static boolean fusedMultiplyAdd() {
    if (ModuleLayer.boot().findModule("jdk.management").isEmpty()) {
      return true;
    }
    HotSpotDiagnosticMXBean bean =
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    return bean == null || Boolean.parseBoolean(bean.getVMOption("UseFMA").getValue());
  }

  /** The vector kernels; the only place that names them, so that nothing loads them by accident. */
  static Kernels create() {
    VectorKernelsLookup.class.getModule().addReads(ModuleLayer.boot().findModule(MODULE).get());
    return new VectorKernels();
  }

  /** Loops of the same kind as the kernels. */
  static ProbeLoops probe() {
    return new VectorProbe();
  }
}
