package dev.filigree.recipe;

import dev.filigree.plan.ActivationRule;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.LayerRule;
import dev.filigree.plan.RunOption;
import dev.filigree.plan.SparsityPlan;
import dev.filigree.plan.WeightRule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What the nodes of a recipe mean. */
final class RecipeReader {
  static final String WEIGHTS = "weights";
  static final String ACTIVATION = "activation";
  static final String LAYERS = "layers";
  static final String INCLUDE = "include";
  static final String EXCLUDE = "exclude";
  static final String VERSION = "version";

  private static final List<String> RULE_KEYS = List.of(INCLUDE, EXCLUDE, WEIGHTS, ACTIVATION);
  private static final List<String> KEYS =
      Stream.concat(
              Stream.of(VERSION, WEIGHTS, ACTIVATION, LAYERS),
              Arrays.stream(RunOption.values()).map(RunOption::key))
          .toList();

  private static final Map<String, String> ELSEWHERE = elsewhere();

  private RecipeReader() {}

  private static Map<String, String> elsewhere() {
    Map<String, String> out = new HashMap<>();
    for (String setting : List.of("precision", "gate", "memory", "kernels", "threads", "steps")) {
      out.put(
          setting,
          "It is a setting of the agent: -javaagent:...=%s=... or -Dfiligree.%s."
              .formatted(setting, setting));
    }
    for (String file : List.of("calibration", "model", "out", "inputs", "tokenizer")) {
      out.put(file, "Files are named on the command line: --" + file + ".");
    }
    out.put("refine", "It is an option of prune: --refine dsnot.");
    for (String glob : List.of(INCLUDE, EXCLUDE)) {
      out.put(glob, "Globs belong to a rule: layers: [{" + glob + ": ..., weights: ...}].");
    }
    for (String part : List.of("criterion", "pattern", "sparsity", "scope", "schedule")) {
      out.put(part, "It belongs under weights: {" + part + ": ...}.");
    }
    return Map.copyOf(out);
  }

  /**
   * The plan of a document.
   *
   * @throws FiligreeException FIL-0842 to FIL-0844 and FIL-0846 for what cannot be used
   */
  static SparsityPlan plan(YamlNode root) {
    Fields recipe = Fields.of("a recipe", root, KEYS, ELSEWHERE);
    recipe.node(VERSION).ifPresent(node -> Fields.choice(VERSION, node, List.of("1")));
    List<LayerRule> rules = new ArrayList<>();
    if (recipe.has(WEIGHTS) || recipe.has(ACTIVATION)) {
      Place place = recipe.place(recipe.has(WEIGHTS) ? WEIGHTS : ACTIVATION);
      rules.add(rule(recipe, place));
    }
    recipe.node(LAYERS).ifPresent(node -> rules.addAll(layers(node)));
    return new SparsityPlan(rules, options(recipe));
  }

  private static List<LayerRule> layers(YamlNode node) {
    if (!(node instanceof YamlNode.Items items) || items.items().isEmpty()) {
      String found = node instanceof YamlNode.Items ? "an empty list" : node.what();
      throw Fields.illegal(node.place(), LAYERS, found, "a list of rules, each behind \"- \"");
    }
    List<LayerRule> rules = new ArrayList<>();
    for (YamlNode item : items.items()) {
      Fields rule = Fields.of("a rule", item, RULE_KEYS, Map.of());
      if (!rule.has(WEIGHTS) && !rule.has(ACTIVATION)) {
        throw Fields.illegal(
            rule.place(), "the rule", "without weights and activation", "one of them, or both");
      }
      rules.add(rule(rule, rule.place()));
    }
    return rules;
  }

  private static LayerRule rule(Fields fields, Place place) {
    Optional<WeightRule> weights = fields.node(WEIGHTS).map(WeightReader::rule);
    Optional<ActivationRule> activation = fields.node(ACTIVATION).map(ActivationReader::rule);
    return new LayerRule(
        fields.globs(INCLUDE), fields.globs(EXCLUDE), weights, activation, place.origin());
  }

  private static Map<RunOption, String> options(Fields recipe) {
    Map<RunOption, String> options = new EnumMap<>(RunOption.class);
    for (RunOption option : RunOption.values()) {
      recipe
          .node(option.key())
          .ifPresent(
              node ->
                  options.put(
                      option,
                      option.legal().isEmpty()
                          ? String.valueOf(Fields.whole(option.key(), node, "a whole number"))
                          : Fields.choice(option.key(), node, option.legal())));
    }
    return options;
  }
}
