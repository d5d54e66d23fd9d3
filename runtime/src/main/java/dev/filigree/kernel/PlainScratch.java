package dev.filigree.kernel;

/** Working memory of one thread for the plain loops, so that a product allocates nothing. */
final class PlainScratch {
  /** As many values as a loop reads at a time. */
  static final int VALUES = 1024;

  private static final ThreadLocal<PlainScratch> LOCAL = ThreadLocal.withInitial(PlainScratch::new);

  private final float[] values = new float[VALUES];
  private final float[] sums = new float[Kernels.STRIP];

  private PlainScratch() {}

  /** That of this thread. */
  static PlainScratch local() {
    return LOCAL.get();
  }

  /** {@link #VALUES} floats; content undefined. */
  float[] values() {
    return values;
  }

  /** Sums of one strip of outputs; content undefined. */
  float[] sums() {
    return sums;
  }
}
