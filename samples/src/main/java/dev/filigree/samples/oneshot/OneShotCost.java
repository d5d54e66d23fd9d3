package dev.filigree.samples.oneshot;

import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.calibrate.LayerStatistics.Contents;
import dev.filigree.criterion.Layer;
import dev.filigree.criterion.OneShot;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.kernel.MachineProbe;
import dev.filigree.plan.Pattern;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Time and memory of Wanda or SparseGPT on the seven projections of a transformer block of width
 * 4096 with 128 sequences of 2048 tokens. Inputs are made here and streamed, never held: fewer
 * tokens are measured, and their time is extended in proportion.
 */
public final class OneShotCost {
  private static final long TOKENS = 128L * 2048;
  private static final int BATCH = 512;
  private static final int POOL_BYTES = 512 << 20;
  private static final double NANOS_PER_WEIGHT = 20;
  private static final double PASSES = 1.5;

  /** A projection; {@code shared} says that its inputs are those of the one before. */
  private record Projection(String name, int rows, int cols, boolean shared) {
    static final List<Projection> ALL =
        List.of(
            new Projection("q", 4096, 4096, false),
            new Projection("k", 4096, 4096, true),
            new Projection("v", 4096, 4096, true),
            new Projection("o", 4096, 4096, false),
            new Projection("gate", 11008, 4096, false),
            new Projection("up", 11008, 4096, true),
            new Projection("down", 4096, 11008, false));

    long weights() {
      return (long) rows * cols;
    }
  }

  private final OneShotMethod method;
  private final int measured;
  private final FloatBuffer pool;

  private OneShotCost(OneShotMethod method, int measured) {
    this.method = method;
    this.measured = measured;
    SplittableRandom random = new SplittableRandom(1);
    pool = ByteBuffer.allocateDirect(POOL_BYTES).order(ByteOrder.nativeOrder()).asFloatBuffer();
    for (int i = 0; i < pool.capacity(); i++) {
      // A sum of uniform numbers is normal enough, and fast to make.
      long bits = random.nextLong();
      pool.put(
          i, ((bits & 0xFFFF) + (bits >>> 16 & 0xFFFF) + (bits >>> 32 & 0xFFFF)) / 65536f - 1.5f);
    }
  }

  /** Takes the method, a number of tokens to measure, and names of projections (default: all). */
  public static void main(String[] arguments) throws IOException {
    List<String> args = List.of(arguments);
    OneShotMethod method = args.isEmpty() ? null : OneShotMethod.byLabel(args.get(0)).orElse(null);
    if (args.size() < 2
        || (method != OneShotMethod.WANDA && method != OneShotMethod.SPARSEGPT)
        || !args.get(1).matches("[1-9][0-9]{2,5}")) {
      System.err.println("Usage: OneShotCost wanda|sparsegpt TOKENS [q k v o gate up down]");
      System.exit(2);
    }
    List<String> names = args.subList(2, args.size());
    OneShotCost cost = new OneShotCost(method, Integer.parseInt(args.get(1)));
    List<Projection> chosen =
        Projection.ALL.stream().filter(p -> names.isEmpty() || names.contains(p.name())).toList();
    if (method == OneShotMethod.WANDA) {
      cost.wanda(chosen);
    } else {
      cost.sparseGpt(chosen);
    }
  }

  private void wanda(List<Projection> projections) {
    double bandwidth = MachineProbe.current().streamGbytesPerSecond(1 << 30, 5);
    for (int i = 0; i < 3; i++) {
      run(new Projection("warm-up", 2048, 4096, false), 8192);
    }
    System.out.printf(
        Locale.ROOT,
        "wanda, unstructured 0.5 by row; reading %.1f GB/s; %,d tokens measured, times for"
            + " %,d%n%-8s %13s %12s %10s %12s %10s%n",
        bandwidth,
        measured,
        TOKENS,
        "",
        "out x in",
        "inputs",
        "GB/s",
        "mask",
        "ns/weight");
    double limit = 0;
    double all = 0;
    for (Projection p : projections) {
      Times t = run(p, measured);
      double bytes = 4.0 * TOKENS * p.cols();
      limit +=
          PASSES * (p.shared() ? 0 : bytes / bandwidth / 1e9)
              + NANOS_PER_WEIGHT * p.weights() / 1e9;
      all += t.statistics() + t.mask();
      System.out.printf(
          Locale.ROOT,
          "%-8s %13s %10.2f s %10.1f %10.2f s %10.1f%n",
          p.name(),
          p.rows() + " x " + p.cols(),
          t.statistics(),
          bytes / t.statistics() / 1e9,
          t.mask(),
          t.mask() * 1e9 / p.weights());
    }
    System.out.printf(
        Locale.ROOT,
        "%.2f s in all; the limit is %.2f s: %.1f passes over the inputs, those that projections"
            + " share once, and %.0f ns a weight%n",
        all,
        limit,
        PASSES,
        NANOS_PER_WEIGHT);
  }

  /** Seconds: of the pass over all tokens, and of everything after it. */
  private record Times(double statistics, double mask) {}

  private Times run(Projection p, int tokens) {
    Contents contents = method == OneShotMethod.SPARSEGPT ? Contents.GRAM : Contents.SUMS;
    LayerStatistics statistics = new LayerStatistics(p.name(), p.cols(), contents);
    long start = System.nanoTime();
    int at = 0;
    for (int done = 0; done < tokens; ) {
      int count = Math.min(BATCH, tokens - done);
      if (at + count * p.cols() > pool.capacity()) {
        at = 0;
      }
      statistics.add(pool.slice(at, count * p.cols()));
      at += count * p.cols();
      done += count;
    }
    statistics.gram();
    double seconds = (System.nanoTime() - start) / 1e9 * TOKENS / tokens;
    FloatBuffer weights = FloatBuffer.allocate((int) p.weights());
    for (int i = 0; i < weights.capacity(); i++) {
      weights.put(i, pool.get((int) ((i * 7L + 3) % pool.capacity())));
    }
    start = System.nanoTime();
    Layer layer = Layer.of(p.name(), p.rows(), p.cols(), weights).with(statistics);
    OneShotPlan plan = OneShotPlan.of(method, new Pattern.Unstructured(), 0.5);
    long kept = new OneShot(plan).prune(layer).mask().keptCount();
    if (kept != p.weights() / 2) {
      throw new IllegalStateException(kept + " weights kept");
    }
    return new Times(seconds, (System.nanoTime() - start) / 1e9);
  }

  private void sparseGpt(List<Projection> projections) throws IOException {
    double flops = MachineProbe.current().gflops(5) / 2;
    for (int i = 0; i < 3; i++) {
      run(new Projection("warm-up", 512, 1024, false), 4096);
    }
    System.out.printf(
        Locale.ROOT,
        "sparsegpt, unstructured 0.5; %.1f GFLOP/s in double precision; %,d tokens measured, times"
            + " for %,d%n%-8s %13s %12s %12s %12s %12s%n",
        flops,
        measured,
        TOKENS,
        "",
        "out x in",
        "X^T X",
        "its limit",
        "the rest",
        "its limit");
    for (Projection p : projections) {
      Times t = run(p, measured);
      double in = p.cols();
      // X^T X is symmetric; so are factor and inverse of it; each row is updated by every column.
      System.out.printf(
          Locale.ROOT,
          "%-8s %13s %10.1f s %10.1f s %10.1f s %10.1f s%n",
          p.name(),
          p.rows() + " x " + p.cols(),
          t.statistics(),
          TOKENS * in * in / flops / 1e9,
          t.mask(),
          (2 * in * in * in / 3 + p.rows() * in * in) / flops / 1e9);
      double limit = 2 * in * in * 8 + 3.0 * p.weights() * 8 + (256 << 20);
      System.out.printf(
          Locale.ROOT,
          "         peak memory %,d MiB of the process, %,d of them its generated inputs; the limit"
              + " is %,d MiB%n",
          peak() >> 20,
          POOL_BYTES >> 20,
          (long) limit >> 20);
    }
  }

  /** Most bytes that were ever resident, Linux only. */
  private static long peak() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
      }
    }
    throw new IOException("/proc/self/status has no VmHWM");
  }
}
