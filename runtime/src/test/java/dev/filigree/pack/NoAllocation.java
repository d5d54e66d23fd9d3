package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.filigree.kernel.Activation;
import dev.filigree.kernel.AttentionKernels;
import dev.filigree.kernel.Execution;
import dev.filigree.kernel.KernelSelection;
import dev.filigree.kernel.KeyValueArrays;
import dev.filigree.kernel.ValueType;
import dev.filigree.kernel.Workers;
import dev.filigree.pack.Samples.Pattern;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Products allocate nothing on the heap once they are compiled: bytes counted by the JVM for the
 * calling thread and for the workers. Vectors are objects before they are compiled, so each product
 * is called until it is. A program of its own: what the compiler makes of a loop depends on what
 * else ran before.
 */
final class NoAllocation {
  private static final int ROWS = 264;
  private static final int COLS = 301;
  private static final int CALLS = 20;
  private static final long PATIENCE_NANOS = 10_000_000_000L;

  private static final List<String> FOUND = new ArrayList<>();

  private static final ThreadMXBean BYTES = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  static void productsOfEveryFormatAllocateNothing() {
    Random random = new Random(11);
    float[] w = Samples.weights(random, Pattern.UNIFORM, ROWS, COLS, 0.4);
    ByteBuffer bias = Samples.direct(Samples.gaussian(random, ROWS));
    try (Workers workers = new Workers(2)) {
      Execution on = new Execution(KernelSelection.current(), workers);
      for (Samples.Stored stored : Samples.stored()) {
        StoredMatrix<?> matrix = stored.pack(w, ROWS, COLS);
        for (int batch : new int[] {1, 3, 5, 19}) {
          ByteBuffer x = Samples.direct(Samples.gaussian(random, batch * COLS));
          ByteBuffer y = Samples.direct(new float[batch * ROWS]);
          assertAllocatesNothing(
              stored + ", batch " + batch,
              () -> matrix.multiply(on, x, batch, bias, Activation.SILU, y));
        }
        int[] active = {0, 3, 4, 100, COLS - 1};
        ByteBuffer x = Samples.direct(Samples.gaussian(random, COLS));
        ByteBuffer y = Samples.direct(new float[ROWS]);
        assertAllocatesNothing(
            stored + ", active inputs",
            () -> matrix.multiplyActive(on, x, active, active.length, bias, y));
      }
    }
  }

  static void attentionAllocatesNothing() {
    Random random = new Random(13);
    KeyValueArrays kv = new KeyValueArrays(1, 72, COLS);
    for (int t = 0; t < COLS; t++) {
      kv.put(t, Samples.gaussian(random, 144), 0, 72);
    }
    float[] q = Samples.gaussian(random, 72);
    float[] scores = new float[AttentionKernels.scores(COLS)];
    float[] out = new float[72];
    AttentionKernels kernels = KernelSelection.current().attention();
    assertAllocatesNothing(
        "attention", () -> kernels.head(kv, 0, q, 0, 3, COLS, scores, 0, out, 0));
  }

  static void gatedFeedForwardAllocatesNothing() {
    Random random = new Random(12);
    InputRule rule = NoAllocation::positive;
    float[] thresholds = Samples.gaussian(random, ROWS);
    int[] units = IntStream.range(0, ROWS).filter(i -> i % 3 > 0).toArray();
    try (Workers workers = new Workers(2);
        GatedFeedForward byOutputs = feedForward(random, GatedFeedForward.Layout.BY_OUTPUTS);
        GatedFeedForward byInputs = feedForward(random, GatedFeedForward.Layout.BY_INPUTS)) {
      Execution on = new Execution(KernelSelection.current(), workers);
      for (int batch : new int[] {1, 3, 5}) {
        ByteBuffer x = Samples.direct(Samples.gaussian(random, batch * COLS));
        ByteBuffer y = Samples.direct(new float[batch * COLS]);
        assertAllocatesNothing(
            "everything, batch " + batch, () -> byOutputs.multiply(on, x, batch, y));
        assertAllocatesNothing(
            "gated, batch " + batch, () -> byOutputs.multiplyGated(on, x, batch, 0.2f, y));
        assertAllocatesNothing(
            "gated by unit, batch " + batch,
            () -> byOutputs.multiplyGated(on, x, batch, thresholds, y));
        assertAllocatesNothing(
            "listed units, batch " + batch,
            () -> byOutputs.multiplyUnits(on, x, batch, units, units.length, y));
        assertAllocatesNothing(
            "active, batch " + batch,
            () -> byInputs.multiplyActive(on, x, batch, rule, rule, rule, null, y));
      }
    }
  }

  private NoAllocation() {}

  public static void main(String[] arguments) {
    productsOfEveryFormatAllocateNothing();
    gatedFeedForwardAllocatesNothing();
    attentionAllocatesNothing();
    assertThat(FOUND).isEmpty();
    System.out.println(KernelSelection.description() + ": nothing allocated");
  }

  private static int positive(java.nio.FloatBuffer x, int offset, int n, int[] active) {
    int count = 0;
    for (int i = 0; i < n; i++) {
      active[count] = i;
      count += x.get(offset + i) > 0 ? 1 : 0;
    }
    return count;
  }

  private static GatedFeedForward feedForward(Random random, GatedFeedForward.Layout layout) {
    return GatedFeedForward.pack(
        layout,
        ValueType.F32,
        Samples.direct(Samples.gaussian(random, ROWS * COLS)),
        Samples.direct(Samples.gaussian(random, ROWS * COLS)),
        Samples.direct(Samples.gaussian(random, COLS * ROWS)),
        COLS,
        ROWS,
        COLS,
        GatedFeedForward.Biases.NONE,
        Activation.SILU);
  }

  private static void assertAllocatesNothing(String what, Runnable product) {
    long bytes = Long.MAX_VALUE;
    long start = System.nanoTime();
    while (bytes > 0 && System.nanoTime() - start < PATIENCE_NANOS) {
      Thread[] threads = threads();
      long before = bytes(threads);
      // What the counting itself allocates.
      long own = bytes(threads) - before;
      long first = before + own;
      for (int i = 0; i < CALLS; i++) {
        product.run();
      }
      bytes = bytes(threads) - first - own;
    }
    if (bytes >= CALLS) {
      FOUND.add(what + ": " + bytes / CALLS + " bytes per call");
    }
  }

  /** This thread and the workers. */
  private static Thread[] threads() {
    Thread[] all = new Thread[Thread.activeCount() + 8];
    int count = Thread.enumerate(all);
    return Stream.concat(
            Stream.of(Thread.currentThread()),
            Stream.of(all).limit(count).filter(t -> t.getName().startsWith("filigree-worker")))
        .toArray(Thread[]::new);
  }

  @SuppressWarnings("deprecation") // threadId() came with JDK 19
  private static long bytes(Thread[] threads) {
    long sum = 0;
    for (Thread thread : threads) {
      sum += BYTES.getThreadAllocatedBytes(thread.getId());
    }
    return sum;
  }
}
