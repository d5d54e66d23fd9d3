package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What this machine can do at most with our threads and our instructions: what measured products
 * are compared with.
 */
public final class MachineProbe {
  private static final int LINE = 64;
  private static final int PARTS = 4;

  /** Largest whole number up to which floats count. */
  private static final int STEPS = 1 << 20;

  private final ProbeLoops loops;
  private final Workers workers;

  MachineProbe(ProbeLoops loops, Workers workers) {
    this.loops = loops;
    this.workers = workers;
  }

  /** With the kernels and the threads of this process. */
  public static MachineProbe current() {
    return new MachineProbe(KernelSelection.probe(), Workers.shared());
  }

  /**
   * 10^9 bytes per second of reading memory from end to end, the best of some passes: less is the
   * work of others.
   *
   * @param bytes how much to read, far more than the caches hold; rounded up to whole blocks of 64
   *     KiB
   * @param passes how often, at least 1
   */
  public double streamGbytesPerSecond(int bytes, int passes) {
    int blockBytes = LINE * ProbeLoops.BLOCK_LINES;
    int blocks = Math.max(1, (int) (((long) bytes + blockBytes - 1) / blockBytes));
    ByteBuffer memory = AlignedMemory.allocate(blocks * blockBytes);
    int lines = blocks * ProbeLoops.BLOCK_LINES;
    Workers.Range read =
        (from, to) -> {
          long sum = loops.read(memory, from, to);
          if (sum != 0) {
            throw new IllegalStateException("zeroed memory sums to " + sum);
          }
        };
    return (double) memory.limit() / best(passes, lines, ProbeLoops.BLOCK_LINES, read);
  }

  /**
   * 10^9 additions and multiplications per second of all threads together in registers, the best of
   * some passes.
   *
   * @param passes how often, at least 1
   */
  public double gflops(int passes) {
    AtomicBoolean wrong = new AtomicBoolean();
    int units = workers.threads() * PARTS;
    Workers.Range multiply =
        (from, to) -> {
          for (int unit = from; unit < to; unit++) {
            if (loops.multiplyAdds(STEPS) != STEPS) {
              wrong.set(true);
            }
          }
        };
    double nanos = best(passes, units, 1, multiply);
    if (wrong.get()) {
      throw new IllegalStateException("adding 1 " + STEPS + " times gave something else");
    }
    return 2.0 * loops.chains() * STEPS * units / nanos;
  }

  /** Nanoseconds of the fastest pass; three more come first, for the compiler. */
  private double best(int passes, int units, int multiple, Workers.Range range) {
    double best = Double.MAX_VALUE;
    for (int i = -3; i < passes; i++) {
      long start = System.nanoTime();
      workers.run(units, multiple, PARTS, Long.MAX_VALUE, range);
      long taken = System.nanoTime() - start;
      if (i >= 0) {
        best = Math.min(best, (double) Math.max(1, taken));
      }
    }
    return best;
  }
}
