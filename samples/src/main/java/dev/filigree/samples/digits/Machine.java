package dev.filigree.samples.digits;

import java.util.Objects;

/** What the figures of a run depend on besides the code. */
final class Machine {
  private Machine() {}

  /** One line: system, processors, JDK. */
  static String text() {
    return System.getProperty("os.name")
        + " "
        + System.getProperty("os.arch")
        + ", "
        + Runtime.getRuntime().availableProcessors()
        + " processors, JDK "
        + System.getProperty("java.version")
        + (vectorApi() ? " with" : " without")
        + " the Vector API module";
  }

  /** What OMP_WAIT_POLICY says; libtorch's worker threads follow it. */
  static String ompPolicy() {
    return Objects.requireNonNullElse(System.getenv("OMP_WAIT_POLICY"), "default");
  }

  private static boolean vectorApi() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
  }
}
