package dev.filigree.recipe;

import dev.filigree.annotations.ActivationMethod;
import dev.filigree.plan.ActivationRule;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.PlanRules;
import dev.filigree.plan.ReluPlan;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** {@code activation:} as the command line writes it, or as a mapping. */
final class ActivationReader {
  static final String METHOD = "method";
  static final String SPARSITY = "sparsity";
  static final String THRESHOLD = "threshold";
  static final String LAMBDA = "lambda";
  static final String END = "end";
  private static final String AMOUNT = "a number of at least 0";
  private static final String AMOUNTS = "a number of at least 0 or a list of them";
  private static final String SHARE = "a number of at least 0 and below 1";
  private static final String ROLE =
      "It names a field: declare CATS by @ActivationSparse on the block type; a decoder knows its own.";
  private static final Map<String, String> ELSEWHERE =
      Map.of(
          "gate",
          ROLE,
          "up",
          ROLE,
          "down",
          ROLE,
          "keep-first",
          "It is given on the command line: --keep-first.",
          "scope",
          "It is given on the command line: --activation-scope.");

  private ActivationReader() {}

  static ActivationRule rule(YamlNode node) {
    if (node instanceof YamlNode.Text t) {
      int colon = t.text().indexOf(':');
      if (colon >= 0) {
        String before = t.text().substring(0, colon);
        YamlNode.Text behind = new YamlNode.Text(t.text().substring(colon + 1), false, t.place());
        String method =
            Fields.choice(
                RecipeReader.ACTIVATION + " method",
                new YamlNode.Text(before, true, t.place()),
                ActivationRule.METHODS);
        if (method.equals(ActivationRule.RELU)) {
          double threshold = Fields.number(RecipeReader.ACTIVATION + " threshold", behind, AMOUNT);
          ReluPlan plan = ReluPlan.PLAIN.withThreshold(threshold);
          check(plan, key -> t.place());
          return new ActivationRule(method, 0, plan);
        }
        return checked(
            method,
            Fields.number(RecipeReader.ACTIVATION + " sparsity", behind, SHARE),
            true,
            t.place());
      }
      String method = Fields.choice(RecipeReader.ACTIVATION, t, ActivationRule.METHODS);
      return checked(method, 0, false, t.place());
    }
    Fields fields =
        Fields.of(
            RecipeReader.ACTIVATION,
            node,
            List.of(METHOD, SPARSITY, THRESHOLD, LAMBDA, END),
            ELSEWHERE);
    String legal = String.join(", ", ActivationRule.METHODS);
    String method = Fields.choice(METHOD, fields.required(METHOD, legal), ActivationRule.METHODS);
    double sparsity = fields.number(SPARSITY, SHARE).orElse(0.0);
    ActivationRule rule = checked(method, sparsity, fields.has(SPARSITY), fields.place(SPARSITY));
    return new ActivationRule(rule.method(), rule.sparsity(), relu(method, fields));
  }

  private static ReluPlan relu(String method, Fields fields) {
    for (String key : List.of(THRESHOLD, LAMBDA, END)) {
      if (fields.has(key) && !method.equals(ActivationRule.RELU)) {
        throw new FiligreeException(
            Message.FIL_0846,
            fields.place(key),
            key,
            "activation " + method,
            "as it is for relu only",
            "Remove it");
      }
    }
    ReluPlan plan =
        new ReluPlan(
            fields.number(THRESHOLD, AMOUNT).orElse(0.0),
            fields.numbers(LAMBDA, AMOUNTS),
            fields.numbers(END, AMOUNTS));
    check(plan, fields::place);
    return plan;
  }

  private static void check(ReluPlan plan, Function<String, Place> place) {
    PlanRules.check(plan)
        .forEach(
            p -> {
              throw new FiligreeException(Message.FIL_0844, place.apply(p.attribute()), p.text());
            });
  }

  private static ActivationRule checked(
      String method, double sparsity, boolean given, Place place) {
    ActivationRule rule = new ActivationRule(method, sparsity);
    if (given && !rule.choosesSparsity()) {
      throw new FiligreeException(
          Message.FIL_0846,
          place,
          SPARSITY,
          "activation " + method,
          "which has none to choose",
          "Remove it");
    }
    if (!given && rule.choosesSparsity()) {
      throw Fields.illegal(place, "sparsity of activation " + method, "missing", SHARE);
    }
    // The rule is the same for every method.
    PlanRules.check(
            new Declaration.Activations(
                sparsity, ActivationMethod.TEAL, "", "", "", List.of(), List.of()))
        .forEach(
            p -> {
              throw new FiligreeException(Message.FIL_0844, place, p.text());
            });
    return rule;
  }
}
