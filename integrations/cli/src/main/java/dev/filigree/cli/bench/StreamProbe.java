package dev.filigree.cli.bench;

import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.Workers;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;

/** How fast our threads read memory from end to end, which is what a cold product can reach. */
final class StreamProbe {
  private static final int WARM_PASSES = 2;
  private static final int PASSES = 9;
  private static final int PART = 1 << 16;
  private final LongBuffer memory;

  /**
   * @param bytes to read in a pass, a positive multiple of 64; far more than the caches hold
   */
  StreamProbe(int bytes) {
    ByteBuffer buffer = AlignedMemory.allocate(bytes);
    this.memory = buffer.asLongBuffer();
  }

  /** 10^9 bytes per second, the median of some passes. */
  double gbytesPerSecond() {
    double[] seconds = new double[PASSES];
    for (int i = -WARM_PASSES; i < PASSES; i++) {
      long start = System.nanoTime();
      long sum = pass();
      long taken = System.nanoTime() - start;
      if (sum != 0) {
        throw new IllegalStateException("zeroed memory sums to " + sum);
      }
      if (i >= 0) {
        seconds[i] = taken / 1e9;
      }
    }
    Arrays.sort(seconds);
    return 8.0 * memory.limit() / seconds[PASSES / 2] / 1e9;
  }

  private long pass() {
    LongAdder total = new LongAdder();
    Workers.shared()
        .run(
            memory.limit(),
            PART,
            4,
            memory.limit(),
            (from, to) -> {
              for (int at = from; at < to; at += PART) {
                total.add(sum(memory, at, Math.min(to, at + PART)));
              }
            });
    return total.sum();
  }

  /** Four sums side by side, so that reading and not adding sets the pace. */
  private static long sum(LongBuffer b, int from, int to) {
    long s0 = 0;
    long s1 = 0;
    long s2 = 0;
    long s3 = 0;
    int i = from;
    for (; i + 4 <= to; i += 4) {
      s0 += b.get(i);
      s1 += b.get(i + 1);
      s2 += b.get(i + 2);
      s3 += b.get(i + 3);
    }
    for (; i < to; i++) {
      s0 += b.get(i);
    }
    return s0 + s1 + s2 + s3;
  }
}
