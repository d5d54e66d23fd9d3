package dev.filigree.cli.regret;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import dev.filigree.cli.bench.LayerSpec;
import dev.filigree.cli.bench.PackedFormat;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.djl.serve.PackedWeights;
import dev.filigree.djl.serve.WeightForm;
import dev.filigree.djl.torch.TorchDense;
import dev.filigree.gate.Copies;
import dev.filigree.gate.PairedTimer;
import dev.filigree.gate.Ratio;
import dev.filigree.gate.Timing;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Times DJL's layer and every legal form again, with copies and inputs of their own, as they serve
 * in a model: results are arrays of DJL, and which inputs to drop is found out in the call.
 */
final class SecondMeasurement implements AutoCloseable {
  /** A side this many times slower than the fastest cannot be the best. */
  private static final double HOPELESS = 3;

  private static final int TRIALS = 5;
  private static final int MOST_COPIES = 4096;
  private static final int INPUTS = 8;

  private final LayerSpec spec;
  private final Binding binding;
  private final NDManager manager;
  private final Copies copies;
  private final List<NDList> inputs = new ArrayList<>();
  private final List<WeightForm> made = new ArrayList<>();

  /** By name; DJL's layer comes first. */
  private final Map<String, Runnable> sides = new LinkedHashMap<>();

  /**
   * What it found.
   *
   * @param djlMicros median time of DJL's layer
   * @param ratios time of DJL's layer over the time of each form; forms of which a few calls show
   *     that they are far from the best are absent
   */
  record Result(double djlMicros, Map<String, Ratio> ratios) {}

  /**
   * Makes the copies.
   *
   * @param precision what weights may be stored as
   * @param parent of the arrays
   * @param coldBytes what the copies of one side fill
   */
  SecondMeasurement(
      LayerSpec spec,
      PackOptions.Precision precision,
      Probe probe,
      Binding binding,
      ByteBuffer weights,
      NDManager parent,
      long coldBytes) {
    this.spec = spec;
    this.binding = binding;
    this.manager = parent.newSubManager();
    this.copies = new Copies(coldBytes, false);
    Shape shape = new Shape(spec.batch(), spec.cols());
    for (int i = 0; i < INPUTS; i++) {
      inputs.add(new NDList(manager.randomNormal(shape)));
    }
    sides.put(Outcome.DJL, djl(probe));
    Set<String> forms = new LinkedHashSet<>(List.of("dense"));
    spec.formats().stream().map(PackedFormat::stored).forEach(forms::add);
    boolean bf16 = precision == PackOptions.Precision.BF16;
    for (ValueType type : bf16 ? List.of(ValueType.F32, ValueType.BF16) : List.of(ValueType.F32)) {
      String suffix = type == ValueType.F32 ? "" : "-" + type.label();
      for (String form : forms) {
        String name = (form.equals("dense") ? Outcome.OWN : form) + suffix;
        sides.put(name, packed(form, type, weights));
      }
    }
    if (bf16) {
      torch(probe).ifPresent(side -> sides.put(TorchDense.NAME, side));
    }
  }

  /** libtorch's product in bfloat16, where it has one here. */
  private Optional<Runnable> torch(Probe probe) {
    int count = count(spec.denseBytes() / 2);
    TorchDense dense;
    try {
      dense = TorchDense.of(probe.weight(), probe.bias(), count);
    } catch (EngineException e) {
      return Optional.empty();
    }
    WeightForm form = new WeightForm.Torch(dense);
    made.add(form);
    LayerServing layer =
        ((LayerServing) binding.serving())
            .with(new PackedWeights(binding, Map.of(spec.batch(), form), spec.rows(), spec.cols()));
    // It takes its copies in turn by itself.
    return Optional.of(turns(List.of(layer)));
  }

  private int count(long bytes) {
    return Math.min(MOST_COPIES, copies.count(Math.max(1, bytes)));
  }

  private Runnable djl(Probe probe) {
    List<NDArray> weights = new ArrayList<>();
    for (int i = count(spec.denseBytes()); i > 0; i--) {
      NDArray copy = probe.weight().duplicate();
      copy.attach(manager);
      weights.add(copy);
    }
    NDArray bias = probe.bias();
    int[] next = {0};
    return () -> {
      int call = next[0]++;
      NDArray x = inputs.get(call % inputs.size()).head();
      Linear.linear(x, weights.get(call % weights.size()), bias).close();
    };
  }

  private Runnable packed(String form, ValueType type, ByteBuffer dense) {
    PackedMatrix first = PackedMatrices.of(form, type, dense, spec.rows(), spec.cols());
    made.add(new WeightForm.Packed(first));
    List<PackedMatrix> all = Copies.of(first, count(first.bytes()));
    all.subList(1, all.size()).forEach(m -> made.add(new WeightForm.Packed(m)));
    LayerServing rules = (LayerServing) binding.serving();
    List<LayerServing> layers = new ArrayList<>();
    for (PackedMatrix matrix : all) {
      layers.add(
          rules.with(
              new PackedWeights(
                  binding,
                  Map.of(spec.batch(), new WeightForm.Packed(matrix)),
                  spec.rows(),
                  spec.cols())));
    }
    return turns(layers);
  }

  private Runnable turns(List<LayerServing> layers) {
    ParameterStore store = new ParameterStore(manager, false);
    int[] next = {0};
    return () -> {
      int call = next[0]++;
      NDList x = inputs.get(call % inputs.size());
      // It has its weights; only a layer without any would need the block.
      layers.get(call % layers.size()).answer(null, binding, store, x).close();
    };
  }

  /**
   * Measures, turn and turn about.
   *
   * @param chosen is measured in any case
   * @param budget about how long to measure
   */
  Result time(String chosen, Duration budget) {
    Map<String, Double> tried = new LinkedHashMap<>();
    sides.forEach((name, side) -> tried.put(name, trial(side)));
    double best = tried.values().stream().mapToDouble(v -> v).min().orElseThrow();
    List<String> left = new ArrayList<>();
    tried.forEach(
        (name, nanos) -> {
          if (nanos <= HOPELESS * best || name.equals(Outcome.DJL) || name.equals(chosen)) {
            left.add(name);
          }
        });
    Timing timing =
        PairedTimer.within(budget).time(left.stream().map(sides::get).toArray(Runnable[]::new));
    Map<String, Ratio> ratios = new LinkedHashMap<>();
    for (int i = 1; i < left.size(); i++) {
      ratios.put(left.get(i), timing.ratio(0, i));
    }
    return new Result(timing.medianMicros(0), ratios);
  }

  private static double trial(Runnable side) {
    double fastest = Double.MAX_VALUE;
    for (int i = 0; i < TRIALS; i++) {
      long start = System.nanoTime();
      side.run();
      double nanos = System.nanoTime() - start;
      fastest = Math.min(fastest, nanos);
    }
    return fastest;
  }

  @Override
  public void close() {
    made.forEach(WeightForm::close);
    manager.close();
  }
}
