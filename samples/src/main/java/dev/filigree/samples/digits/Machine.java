package dev.filigree.samples.digits;

import dev.filigree.kernel.KernelSelection;
import java.util.Objects;

/** What the figures of a run depend on besides the code. */
final class Machine {
  private Machine() {}

  /** One line: system, processors, JDK, which kernels run. */
  static String text() {
    return System.getProperty("os.name")
        + " "
        + System.getProperty("os.arch")
        + ", "
        + Runtime.getRuntime().availableProcessors()
        + " processors, JDK "
        + System.getProperty("java.version")
        + ", kernels: "
        + KernelSelection.description();
  }

  /** What OMP_WAIT_POLICY says; libtorch's worker threads follow it. */
  static String ompPolicy() {
    return Objects.requireNonNullElse(System.getenv("OMP_WAIT_POLICY"), "default");
  }
}
