package dev.filigree.cli.regret;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.core.Linear;
import dev.filigree.cli.bench.LayerSpec;
import dev.filigree.cli.bench.MemoryPlan;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.djl.serve.WeightForm;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.samples.digits.Progress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures how well the break-even gate chooses: every layer is packed as an application packs it,
 * then DJL's layer and all legal forms are measured again, independently, and the gate's choice is
 * compared with the best of them.
 */
public final class Regret {

  /**
   * How much is spent on a layer.
   *
   * @param measuring time of the second measurement
   * @param coldBytes what the copies of one side fill, and the rest of the model the gate sees
   */
  public record Budget(Duration measuring, long coldBytes) {
    /** What a user gets. */
    public static final Budget DEFAULT = new Budget(Duration.ofSeconds(3), 1L << 28);

    /** The same with another time. */
    public Budget withMeasuring(Duration other) {
      return new Budget(other, coldBytes);
    }
  }

  /** About what the gate takes for its measurements, warm-up included. */
  private static final double GATE_SECONDS = 1.2;

  /** Making weights, selecting what is removed, and packing. */
  private static final double SECONDS_PER_WEIGHT = 1.5e-7;

  /** Copies of one side are made at about this speed. */
  private static final double BYTES_PER_SECOND = 2e9;

  private Regret() {}

  /** About how long a run takes, in seconds. */
  public static double estimate(List<LayerSpec> layers, Budget budget) {
    double seconds = 0;
    for (LayerSpec layer : layers) {
      double copied = Math.min((double) budget.coldBytes(), 4096.0 * layer.denseBytes());
      int sides = 2 + layer.formats().size();
      seconds +=
          GATE_SECONDS
              + budget.measuring().toMillis() / 1e3
              + SECONDS_PER_WEIGHT * layer.denseBytes() / Float.BYTES
              + 2 * sides * copied / BYTES_PER_SECOND;
    }
    return seconds;
  }

  /**
   * Measures the layers, at least one.
   *
   * @param precision what the gate may store weights as, and what it is compared with
   * @throws FiligreeException FIL-0613 where memory does not suffice
   */
  public static RegretResult run(
      List<LayerSpec> layers, PackOptions.Precision precision, Budget budget, Progress progress) {
    // Before minutes of work, not in the middle of them.
    layers.forEach(layer -> MemoryPlan.of(layer, budget.coldBytes(), 0));
    long start = System.nanoTime();
    List<Outcome> outcomes = new ArrayList<>();
    try (Model model = Model.newInstance("bench")) {
      Linear others = Probe.others(model.getNDManager(), budget.coldBytes());
      for (LayerSpec layer : layers) {
        progress.at("layers", outcomes.size(), layers.size());
        outcomes.add(measure(model, others, layer, precision, budget));
      }
      progress.at("layers", layers.size(), layers.size());
    } catch (OutOfMemoryError e) {
      throw new FiligreeException(e, Message.FIL_0613, e.getMessage());
    }
    return new RegretResult(outcomes, (System.nanoTime() - start) / 1e9);
  }

  private static Outcome measure(
      Model model, Linear others, LayerSpec layer, PackOptions.Precision precision, Budget budget) {
    Probe probe = new Probe(layer, others);
    model.setBlock(probe);
    try (NDManager manager = model.getNDManager().newSubManager()) {
      ByteBuffer weights = Probe.weights(layer);
      Binding binding = probe.prepare(manager, weights);
      GateChoice choice = GateChoice.of(model, layer.batch(), precision);
      SecondMeasurement.Result second;
      try (SecondMeasurement again =
          new SecondMeasurement(
              layer, precision, probe, binding, weights, manager, budget.coldBytes())) {
        second = again.time(choice.form(), budget.measuring());
      }
      if (binding.serving() instanceof LayerServing serving) {
        serving.packed().forms().forEach(WeightForm::close);
      }
      return new Outcome(layer, choice, second.ratios(), second.djlMicros());
    } finally {
      probe.free();
    }
  }
}
