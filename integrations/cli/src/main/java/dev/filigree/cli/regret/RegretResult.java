package dev.filigree.cli.regret;

import dev.filigree.gate.Gate;
import java.util.List;

/**
 * How well the gate chose over many layers.
 *
 * @param outcomes one per layer, at least one
 * @param seconds the whole run took
 */
public record RegretResult(List<Outcome> outcomes, double seconds) {
  /** A choice below this was a wrong one, beyond what two measurements differ by. */
  static final double SLOWER = 0.97;

  /** The share of the clear layers that should not run on DJL. */
  static final double SHARE = 0.95;

  /** The mean regret that should not be exceeded. */
  static final double MEAN_REGRET = 0.03;

  public RegretResult {
    outcomes = List.copyOf(outcomes);
    if (outcomes.isEmpty()) {
      throw new IllegalArgumentException("no layer was measured");
    }
  }

  /** Layers for which the gate chose something else than DJL's. */
  List<Outcome> leaving() {
    return outcomes.stream().filter(Outcome::leavesDjl).toList();
  }

  /** Those of them that are slower than DJL's layer. */
  List<Outcome> slower() {
    return leaving().stream().filter(o -> o.chosenRatio() < SLOWER).toList();
  }

  /** Layers of which a form that skips something is clearly faster than DJL's. */
  List<Outcome> clear() {
    return outcomes.stream().filter(o -> o.bestSparseRatio() >= Gate.CLEAR).toList();
  }

  /** The share of the clear layers that do not run on DJL's; 1 where there are none. */
  double clearShare() {
    List<Outcome> clear = clear();
    return clear.isEmpty()
        ? 1
        : clear.stream().filter(Outcome::leavesDjl).count() / (double) clear.size();
  }

  /** Mean of the regrets. */
  double meanRegret() {
    return outcomes.stream().mapToDouble(Outcome::regret).average().orElseThrow();
  }

  /** For a terminal. */
  public String text() {
    return RegretText.of(this);
  }

  /** For programs. */
  public String json() {
    return RegretJson.of(this);
  }
}
