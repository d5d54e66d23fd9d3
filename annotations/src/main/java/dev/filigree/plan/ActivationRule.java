package dev.filigree.plan;

import dev.filigree.annotations.ActivationMethod;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a recipe says about the activations of layers.
 *
 * @param method one of {@link #METHODS}, as the command line names it
 * @param sparsity fraction set to zero, 0 to below 1; 0 for methods that do not choose it
 * @param plan of relu; for other methods {@link ReluPlan#PLAIN}
 */
public record ActivationRule(String method, double sparsity, ReluPlan plan) {
  /** No activation is skipped. */
  public static final ActivationRule NONE = new ActivationRule("none", 0);

  /** The method that skips what is zero already, so that it has no sparsity to choose. */
  public static final String RELU = "relu";

  /**
   * Every method there is. Layers declared by annotation know those of {@link ActivationMethod}.
   */
  public static final List<String> METHODS =
      List.of(
          "none",
          "teal",
          "teal-greedy",
          "cats",
          "chess",
          "wina",
          "wina-threshold",
          "r-sparse",
          "coreinfer",
          RELU,
          "topk");

  /** A rule without what is for relu only. */
  public ActivationRule(String method, double sparsity) {
    this(method, sparsity, ReluPlan.PLAIN);
  }

  /** Whether nothing is skipped. */
  public boolean isNone() {
    return method.equals(NONE.method);
  }

  /** Whether the method has a sparsity of its own. */
  public boolean choosesSparsity() {
    return !isNone() && !method.equals(RELU);
  }

  /** The method as annotations name it, where they have it. */
  public Optional<ActivationMethod> declared() {
    return Arrays.stream(ActivationMethod.values()).filter(m -> noun(m).equals(method)).findFirst();
  }

  /** What a method of annotations is called here and in summaries. */
  public static String noun(ActivationMethod method) {
    String name = method.name().toLowerCase(Locale.ROOT);
    return METHODS.stream()
        .filter(m -> m.replace("-", "").equals(name.replace("_", "")))
        .findFirst()
        .orElse(name);
  }

  /**
   * As {@code --activation} writes it: {@code teal:0.5}, {@code relu}, {@code relu:0.01}, {@code
   * none}.
   */
  public String text() {
    double amount = choosesSparsity() ? sparsity : plan.threshold();
    return choosesSparsity() || amount != 0 ? method + ":" + amount : method;
  }
}
