package dev.filigree.cli.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.filigree.gate.PairedTimer;
import dev.filigree.gate.Timing;
import dev.filigree.kernel.Workers;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.samples.digits.Progress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures one layer: dense through DJL, our own dense and the packed forms, turn and turn about in
 * this process.
 *
 * <p>Where several packed forms are legal, a first measurement chooses the fastest and a second
 * one, which alone is reported, times it against the dense sides: the winner of a comparison looks
 * better in that comparison than it is.
 *
 * <p>Cold, every side rotates over copies of its weights. In a block DJL meets each of its copies
 * once; a packed side, which has more of them, goes on where its last block ended.
 */
public final class Bench {

  /**
   * How much is spent.
   *
   * @param screening time for the choice among packed forms
   * @param measuring time for the measurement that is reported
   * @param coldBytes what the copies of one side fill where the working set is cold
   * @param streamBytes what is read from end to end to know the bandwidth, a multiple of 64
   */
  public record Budget(Duration screening, Duration measuring, long coldBytes, int streamBytes) {
    /** What a user gets. */
    public static final Budget DEFAULT =
        new Budget(Duration.ofSeconds(6), Duration.ofSeconds(12), 1L << 30, 1 << 30);
  }

  private static final int DJL = 0;
  private static final int OWN = 1;
  private static final int PACKED = 2;

  /** Inputs on which outputs are compared. */
  private static final int COMPARED = 8;

  private final LayerSpec spec;
  private final Budget budget;
  private final Progress progress;

  private Bench(LayerSpec spec, Budget budget, Progress progress) {
    this.spec = spec;
    this.budget = budget;
    this.progress = progress;
  }

  /**
   * Measures the layer; {@link Threads#use} comes first.
   *
   * @param mainClass the command line's entry point, to measure dense under other OpenMP settings
   * @throws FiligreeException FIL-0613 where memory does not suffice, FIL-0614 where dense under
   *     the default OpenMP settings cannot be measured
   */
  public static BenchResult run(
      LayerSpec spec, Budget budget, String mainClass, Progress progress) {
    try {
      return new Bench(spec, budget, progress).run(mainClass);
    } catch (OutOfMemoryError e) {
      throw new FiligreeException(e, Message.FIL_0613, e.getMessage());
    }
  }

  /**
   * Median microseconds of one dense call through DJL, nothing else.
   *
   * @param limit about how long to measure
   */
  public static double denseMicros(LayerSpec spec, Budget budget, Duration limit) {
    Copies copies = MemoryPlan.of(spec, coldBytes(spec, budget), 0);
    try (NDManager manager = NDManager.newBaseManager()) {
      List<NDArray> inputs = InputPool.make(manager, spec);
      DjlSide side = djl(manager, spec, SeededWeights.of(spec), copies, inputs);
      return timer(limit, side.copies()).time(side).medianMicros(DJL);
    } catch (OutOfMemoryError e) {
      throw new FiligreeException(e, Message.FIL_0613, e.getMessage());
    }
  }

  private BenchResult run(String mainClass) {
    Copies copies = MemoryPlan.of(spec, coldBytes(spec, budget), budget.streamBytes());
    double elsewhere =
        DefaultPolicy.isAnother()
            ? DefaultPolicy.denseMicros(
                spec, Workers.shared().threads(), budget.measuring(), mainClass)
            : Double.NaN;
    try (NDManager manager = NDManager.newBaseManager()) {
      progress.at("weights", 0, 1);
      ByteBuffer dense = SeededWeights.of(spec);
      List<NDArray> inputs = InputPool.make(manager, spec);
      progress.at("weights", 1, 1);
      DjlSide djl = djl(manager, spec, dense, copies, inputs);
      List<PackedSide> packed = pack(dense, copies, inputs);
      PackedSide own = packed.remove(0);
      Map<String, Double> forms = screen(djl, packed);
      PackedSide best = fastest(packed, forms);
      Timing timing = time("measuring, ms", budget.measuring(), djl, List.of(own, best));
      progress.at("bandwidth", 0, 1);
      double stream = new StreamProbe(budget.streamBytes()).gbytesPerSecond();
      progress.at("bandwidth", 1, 1);
      return new BenchResult(
          spec,
          Workers.shared().threads(),
          new BenchResult.Times(
              timing.medianMicros(DJL),
              elsewhere,
              timing.medianMicros(OWN),
              timing.medianMicros(PACKED)),
          timing.ratio(DJL, PACKED),
          timing.ratio(DJL, OWN),
          best.label(),
          forms,
          best.bytesRead(),
          stream,
          best.bytes(),
          Errors.of(djl, best, inputs.subList(0, Math.min(COMPARED, inputs.size()))),
          new BenchResult.Rotation(
              djl.copies(), own.copies(), best.copies(), inputs.size(), copies.limited()));
    }
  }

  private static long coldBytes(LayerSpec spec, Budget budget) {
    return spec.cold() ? budget.coldBytes() : 0;
  }

  private static DjlSide djl(
      NDManager manager, LayerSpec spec, ByteBuffer dense, Copies copies, List<NDArray> inputs) {
    return DjlSide.of(manager, spec, dense, copies.count(spec.denseBytes()), inputs);
  }

  /** Our own dense first, then the packed forms. */
  private List<PackedSide> pack(ByteBuffer dense, Copies copies, List<NDArray> inputs) {
    int total = 1 + spec.formats().size();
    List<PackedSide> sides = new ArrayList<>();
    progress.at("packing", 0, total);
    sides.add(side("dense", "dense_java", dense, copies, inputs));
    for (PackedFormat format : spec.formats()) {
      progress.at("packing", sides.size(), total);
      sides.add(side(format.stored(), format.label(), dense, copies, inputs));
    }
    progress.at("packing", total, total);
    return sides;
  }

  private PackedSide side(
      String format, String label, ByteBuffer dense, Copies copies, List<NDArray> inputs) {
    return new PackedSide(
        spec, label, copies.of(PackedMatrices.of(format, dense, spec.rows(), spec.cols())), inputs);
  }

  /** Median microseconds of every packed form; empty where there is only one. */
  private Map<String, Double> screen(DjlSide djl, List<PackedSide> packed) {
    Map<String, Double> micros = new LinkedHashMap<>();
    if (packed.size() > 1) {
      Timing timing = time("screening, ms", budget.screening(), djl, packed);
      for (int i = 0; i < packed.size(); i++) {
        micros.put(packed.get(i).label(), timing.medianMicros(1 + i));
      }
    }
    return micros;
  }

  private static PackedSide fastest(List<PackedSide> packed, Map<String, Double> micros) {
    PackedSide best = packed.get(0);
    for (PackedSide side : packed) {
      if (!micros.isEmpty() && micros.get(side.label()) < micros.get(best.label())) {
        best = side;
      }
    }
    return best;
  }

  private Timing time(String task, Duration limit, DjlSide djl, List<PackedSide> ours) {
    List<Runnable> sides = new ArrayList<>(List.of(djl));
    sides.addAll(ours);
    sides.add(ticker(task, limit));
    Timing timing = timer(limit, djl.copies()).time(sides.toArray(Runnable[]::new));
    progress.at(task, limit.toMillis(), limit.toMillis());
    return timing;
  }

  private static PairedTimer timer(Duration limit, int copies) {
    // The first call of a block does not count, and five are its least.
    return PairedTimer.within(limit).withBlock(Math.max(5, 1 + copies));
  }

  /** A side that only says how far the measurement is, outside the clock of the others. */
  private Runnable ticker(String task, Duration limit) {
    long start = System.nanoTime();
    return () -> {
      long millis = (System.nanoTime() - start) / 1_000_000;
      progress.at(task, Math.min(millis, limit.toMillis() - 1), limit.toMillis());
    };
  }
}
