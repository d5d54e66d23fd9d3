package dev.filigree.cli.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.filigree.calibrate.MagnitudeThreshold;
import dev.filigree.gate.Copies;
import dev.filigree.gate.PairedTimer;
import dev.filigree.gate.Timing;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import dev.filigree.kernel.Workers;
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
 * better in that comparison than it is. A third one times what else libtorch offers against its
 * dense; apart, because threads of libtorch spin for a while after each call.
 *
 * <p>Cold, every side rotates over copies of its weights. In a block DJL meets each of its copies
 * once; a side that has more of them goes on where its last block ended.
 */
public final class Bench {

  /**
   * How much is spent.
   *
   * @param screening time for the choice among packed forms
   * @param measuring time for the measurement that is reported
   * @param rivals time for what else libtorch offers
   * @param coldBytes what the copies of one side fill where the working set is cold
   * @param streamBytes what is read from end to end to know the bandwidth
   */
  public record Budget(
      Duration screening, Duration measuring, Duration rivals, long coldBytes, int streamBytes) {
    /** What a user gets. */
    public static final Budget DEFAULT =
        new Budget(
            Duration.ofSeconds(6),
            Duration.ofSeconds(12),
            Duration.ofSeconds(6),
            1L << 30,
            1 << 30);

    /** A sixth of the time for one of many layers. */
    public Budget brief() {
      return new Budget(
          screening.dividedBy(6),
          measuring.dividedBy(6),
          rivals.dividedBy(6),
          coldBytes,
          streamBytes / 4);
    }
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
      List<ByteBuffer> dense = SeededWeights.of(spec);
      long kept = SeededWeights.kept(dense);
      List<NDArray> inputs = InputPool.make(manager, spec);
      progress.at("weights", 1, 1);
      DjlSide djl = djl(manager, spec, dense, copies, inputs);
      float threshold = threshold(djl, inputs);
      List<OwnSide> packed = pack(dense, copies, inputs, threshold);
      OwnSide own = packed.remove(0);
      Map<String, Double> forms = screen(djl, packed);
      OwnSide best = fastest(packed, forms);
      Machine before = machine();
      Timing timing = time("measuring, ms", budget.measuring(), djl, List.of(own, best));
      Machine machine = before.best(machine());
      BenchResult.Times times =
          new BenchResult.Times(
              timing.medianMicros(DJL),
              elsewhere,
              timing.medianMicros(OWN),
              timing.medianMicros(PACKED));
      List<NDArray> compared = inputs.subList(0, Math.min(COMPARED, inputs.size()));
      List<Rival> measured;
      Map<String, String> missing;
      progress.at("other forms of libtorch", 0, 1);
      try (Rivals rivals =
          Rivals.of(spec, kept, manager, DjlSide.arrays(manager, spec, dense), copies, inputs)) {
        progress.at("other forms of libtorch", 1, 1);
        measured = measure(djl, rivals.sides(), compared);
        missing = rivals.missing();
      }
      return new BenchResult(
          spec,
          Workers.shared().threads(),
          times,
          timing.ratio(DJL, PACKED),
          timing.ratio(OWN, PACKED),
          timing.ratio(DJL, OWN),
          best.label(),
          forms,
          new BenchResult.Work(kept, best.bytes(), best.shareRead()),
          machine,
          Errors.of(
              x -> sparsified(x, djl.weights(0), threshold), x -> best.answer(x, 0), compared),
          rounding(manager, djl, best, threshold, compared),
          measured,
          missing,
          new BenchResult.Rotation(
              djl.copies(), own.copies(), best.copies(), inputs.size(), copies.limited()));
    }
  }

  private static long coldBytes(LayerSpec spec, Budget budget) {
    return spec.cold() ? budget.coldBytes() : 0;
  }

  private static DjlSide djl(
      NDManager manager,
      LayerSpec spec,
      List<ByteBuffer> dense,
      Copies copies,
      List<NDArray> inputs) {
    return DjlSide.of(manager, spec, dense, copies.count(spec.denseBytes()), inputs);
  }

  /** The magnitude at or below which the wanted share of gates lies; NaN where none is skipped. */
  private float threshold(DjlSide djl, List<NDArray> inputs) {
    if (!spec.gated()) {
      return Float.NaN;
    }
    MagnitudeThreshold gates = new MagnitudeThreshold("gate");
    for (NDArray x : inputs) {
      try (NDArray g = DjlSide.gates(x, djl.weights(0))) {
        gates.add(NativeFloats.of(g).asFloatBuffer());
      }
    }
    // The threshold is itself one of these gates; a hair above it rounding decides nothing.
    return gates.threshold(spec.activationSparsity()) * 1.00001f;
  }

  /** Dense through DJL with zeros where the packed side skips. */
  private NDList sparsified(NDArray x, List<NDArray> weights, float threshold) {
    return spec.gated()
        ? DjlSide.feedForward(x, weights, threshold)
        : DjlSide.answer(spec.op(), x, weights);
  }

  /** Our own dense in float32 first, then the packed forms. */
  private List<OwnSide> pack(
      List<ByteBuffer> dense, Copies copies, List<NDArray> inputs, float threshold) {
    int total = 1 + spec.formats().size();
    List<OwnSide> sides = new ArrayList<>();
    progress.at("packing", 0, total);
    String own = PackedFormat.DENSE.stored();
    if (spec.op() == Op.GATED_FFN) {
      sides.add(
          FeedForwardSide.of(
              spec, "dense_java", own, ValueType.F32, dense, Float.NaN, copies, inputs));
      for (PackedFormat format : spec.formats()) {
        progress.at("packing", sides.size(), total);
        sides.add(
            FeedForwardSide.of(
                spec,
                format.label(),
                format.stored(),
                spec.values(),
                dense,
                threshold,
                copies,
                inputs));
      }
    } else {
      ByteBuffer all = joined(dense);
      sides.add(PackedSide.of(spec, "dense_java", own, ValueType.F32, all, copies, inputs));
      for (PackedFormat format : spec.formats()) {
        progress.at("packing", sides.size(), total);
        sides.add(
            PackedSide.of(
                spec, format.label(), format.stored(), spec.values(), all, copies, inputs));
      }
    }
    progress.at("packing", total, total);
    return sides;
  }

  /** All matrices one behind the other. */
  private ByteBuffer joined(List<ByteBuffer> matrices) {
    if (matrices.size() == 1) {
      return matrices.get(0);
    }
    ByteBuffer all = AlignedMemory.allocate(Math.toIntExact(spec.denseBytes()));
    int at = 0;
    for (ByteBuffer matrix : matrices) {
      all.put(at, matrix, 0, matrix.limit());
      at += matrix.limit();
    }
    return all;
  }

  /** Median microseconds of every packed form; empty where there is only one. */
  private Map<String, Double> screen(DjlSide djl, List<OwnSide> packed) {
    Map<String, Double> micros = new LinkedHashMap<>();
    if (packed.size() > 1) {
      Timing timing = time("screening, ms", budget.screening(), djl, packed);
      for (int i = 0; i < packed.size(); i++) {
        micros.put(packed.get(i).label(), timing.medianMicros(1 + i));
      }
    }
    return micros;
  }

  private static OwnSide fastest(List<OwnSide> packed, Map<String, Double> micros) {
    OwnSide best = packed.get(0);
    for (OwnSide side : packed) {
      if (!micros.isEmpty() && micros.get(side.label()) < micros.get(best.label())) {
        best = side;
      }
    }
    return best;
  }

  private Machine machine() {
    progress.at("bandwidth", 0, 1);
    Machine machine = Machine.measure(budget.streamBytes());
    progress.at("bandwidth", 1, 1);
    return machine;
  }

  /** What the rounding of stored weights does to outputs when the sums are DJL's own. */
  private Errors rounding(
      NDManager manager, DjlSide djl, OwnSide packed, float threshold, List<NDArray> inputs) {
    if (spec.values() == ValueType.F32) {
      return Errors.NONE;
    }
    ByteBuffer all = AlignedMemory.allocate(Math.toIntExact(spec.denseBytes()));
    packed.unpack(all);
    List<ByteBuffer> matrices = new ArrayList<>();
    int at = 0;
    for (MatrixShape shape : spec.matrices()) {
      matrices.add(all.slice(at, (int) shape.denseBytes()));
      at += (int) shape.denseBytes();
    }
    try (NDList rounded = new NDList(DjlSide.arrays(manager, spec, matrices))) {
      return Errors.of(
          x -> sparsified(x, djl.weights(0), threshold),
          x -> sparsified(x, rounded, threshold),
          inputs);
    }
  }

  private List<Rival> measure(DjlSide djl, List<TorchSide> sides, List<NDArray> compared) {
    List<Rival> rivals = new ArrayList<>();
    if (!sides.isEmpty()) {
      Timing timing = time("libtorch, ms", budget.rivals(), djl, sides);
      for (int i = 0; i < sides.size(); i++) {
        TorchSide side = sides.get(i);
        rivals.add(
            new Rival(
                side.label(),
                timing.medianMicros(1 + i),
                timing.ratio(DJL, 1 + i),
                side.bytes(),
                Errors.of(x -> djl.answer(x, 0), x -> side.answer(x, 0), compared)));
      }
    }
    return rivals;
  }

  private Timing time(String task, Duration limit, DjlSide djl, List<? extends Side> others) {
    List<Runnable> sides = new ArrayList<>(List.of(djl));
    sides.addAll(others);
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
