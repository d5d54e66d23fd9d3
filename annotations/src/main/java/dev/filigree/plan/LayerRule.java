package dev.filigree.plan;

import java.util.List;
import java.util.Optional;

/**
 * One rule of a recipe.
 *
 * @param include globs of layers it takes; empty for all
 * @param exclude globs of layers it leaves alone; wins over include
 * @param weights what their weights do; empty where the rule does not speak of them
 * @param activation what their activations do; empty where the rule does not speak of them
 * @param origin where it stands, for messages
 */
public record LayerRule(
    List<String> include,
    List<String> exclude,
    Optional<WeightRule> weights,
    Optional<ActivationRule> activation,
    String origin) {

  /** Copies the lists. */
  public LayerRule {
    include = List.copyOf(include);
    exclude = List.copyOf(exclude);
  }

  /** Whether it is for every layer there is. */
  public boolean takesAll() {
    return include.isEmpty() && exclude.isEmpty();
  }

  /** Whether it is for that layer. */
  public boolean takes(String layer) {
    return (include.isEmpty() || include.stream().anyMatch(g -> Globs.matches(g, layer)))
        && exclude.stream().noneMatch(g -> Globs.matches(g, layer));
  }

  /** Whether it names that layer without a wildcard. */
  public boolean names(String layer) {
    return include.stream().anyMatch(g -> Globs.isExact(g) && g.equals(layer));
  }

  /** The same at another place. */
  public LayerRule withOrigin(String other) {
    return new LayerRule(include, exclude, weights, activation, other);
  }
}
