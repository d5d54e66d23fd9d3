package dev.filigree.plan;

import java.util.Optional;

/**
 * What a recipe says about the weights of layers.
 *
 * @param declaration a {@link Declaration.Weights} or {@link Declaration.NM} without globs, which
 *     the rule has; empty where they are to stay dense
 */
public record WeightRule(Optional<Declaration> declaration) {
  /** Weights stay dense. */
  public static final WeightRule NONE = new WeightRule(Optional.empty());

  /** Weights become sparse as declared. */
  public static WeightRule of(Declaration declaration) {
    return new WeightRule(Optional.of(declaration));
  }
}
