package dev.filigree.plan;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a recipe asks for. Immutable.
 *
 * @param rules in order: of those that take a layer and speak of its weights, the last one decides
 *     all about its weights; the same for its activations
 * @param options of the run, as they were written
 */
public record SparsityPlan(List<LayerRule> rules, Map<RunOption, String> options) {

  /** Copies. */
  public SparsityPlan {
    rules = List.copyOf(rules);
    EnumMap<RunOption, String> copy = new EnumMap<>(RunOption.class);
    copy.putAll(options);
    options = Collections.unmodifiableMap(copy);
  }

  /** The rule that decides about the weights of a layer. */
  public Optional<LayerRule> weights(String layer) {
    return last(rules.stream().filter(r -> r.weights().isPresent() && r.takes(layer)).toList());
  }

  /** The rule that decides about the activations of a layer. */
  public Optional<LayerRule> activation(String layer) {
    return last(rules.stream().filter(r -> r.activation().isPresent() && r.takes(layer)).toList());
  }

  /** An option, where the recipe sets it. */
  public Optional<String> option(RunOption option) {
    return Optional.ofNullable(options.get(option));
  }

  private static Optional<LayerRule> last(List<LayerRule> found) {
    return found.isEmpty() ? Optional.empty() : Optional.of(found.get(found.size() - 1));
  }
}
