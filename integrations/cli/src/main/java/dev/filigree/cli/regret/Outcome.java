package dev.filigree.cli.regret;

import dev.filigree.cli.bench.LayerSpec;
import dev.filigree.djl.torch.TorchDense;
import dev.filigree.gate.Ratio;
import java.util.Map;

/**
 * One layer: what the gate chose and what a second measurement says of it.
 *
 * @param layer that was measured
 * @param gate its choice
 * @param second time of DJL's layer over the time of every form, measured again; forms that are far
 *     from the best may be absent, the chosen one is not
 * @param djlMicros time of DJL's layer in the second measurement
 */
record Outcome(LayerSpec layer, GateChoice gate, Map<String, Ratio> second, double djlMicros) {
  /** DJL's layer among the names of forms. */
  static final String DJL = "dense";

  /** Our own dense product; with a type after it where values are no float32. */
  static final String OWN = "dense-java";

  /** How many times faster than DJL's layer a form was; 1 for that layer. */
  double ratio(String form) {
    return form.equals(DJL) ? 1 : second.get(form).median();
  }

  /** The same of what the gate chose. */
  double chosenRatio() {
    return ratio(gate.form());
  }

  /** The fastest of all, DJL's layer included. */
  String best() {
    String best = DJL;
    for (String form : second.keySet()) {
      best = ratio(form) > ratio(best) ? form : best;
    }
    return best;
  }

  /** The ratio of the fastest form that skips something; 0 where none was measured. */
  double bestSparseRatio() {
    return second.keySet().stream()
        .filter(form -> !form.startsWith(OWN) && !form.equals(TorchDense.NAME))
        .mapToDouble(this::ratio)
        .max()
        .orElse(0);
  }

  /** Whether something else than DJL's layer would run. */
  boolean leavesDjl() {
    return !gate.form().equals(DJL);
  }

  /** Time of the choice over the time of the best, less 1. */
  double regret() {
    return ratio(best()) / chosenRatio() - 1;
  }
}
