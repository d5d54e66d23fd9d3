package dev.filigree.plan;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Options of a whole run that a recipe may set, as the command line names them. */
public enum RunOption {
  /** The same seed draws the same numbers. */
  SEED("seed"),
  /** Type of stored weights. */
  VALUES("values", "f32", "bf16", "int8"),
  /** Whether a block is calibrated behind the pruned blocks before it. */
  CALIBRATION_MODE("calibration-mode", "sequential", "dense"),
  /** How one sparsity is shared among the layers. */
  ALLOCATION("allocation", "uniform", "er", "erk"),
  /** What is done with a layer whose inputs N:M does not divide. */
  ON_INDIVISIBLE("on-indivisible", "fail", "skip");

  private final String key;
  private final String legal;

  RunOption(String key, String... legal) {
    this.key = key;
    this.legal = String.join(" ", legal);
  }

  /** Its name in recipes, and behind {@code --} on the command line. */
  public String key() {
    return key;
  }

  /** The values it may have; empty for a whole number. */
  public List<String> legal() {
    return legal.isEmpty() ? List.of() : List.of(legal.split(" "));
  }

  /** The option with that key, if there is one. */
  public static Optional<RunOption> byKey(String key) {
    return Arrays.stream(values()).filter(o -> o.key.equals(key)).findFirst();
  }
}
