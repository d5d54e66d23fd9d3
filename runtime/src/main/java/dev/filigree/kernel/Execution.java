package dev.filigree.kernel;

/**
 * What a product runs on.
 *
 * @param kernels the inner loops
 * @param workers the threads that share the work
 */
public record Execution(Kernels kernels, Workers workers) {
  private static final class Holder {
    static final Execution CURRENT = new Execution(KernelSelection.current(), Workers.shared());
  }

  /** The kernels and the threads of this process. */
  public static Execution current() {
    return Holder.CURRENT;
  }
}
