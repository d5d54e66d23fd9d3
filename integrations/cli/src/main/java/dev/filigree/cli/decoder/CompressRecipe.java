package dev.filigree.cli.decoder;

import dev.filigree.annotations.Scope;
import dev.filigree.cli.file.RecipeOptions;
import dev.filigree.criterion.LayerPlans;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.plan.ActivationRule;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.GlobMatches;
import dev.filigree.plan.LayerRule;
import dev.filigree.plan.Message;
import dev.filigree.plan.ReluPlan;
import dev.filigree.plan.RunOption;
import dev.filigree.plan.SparsityPlan;
import dev.filigree.recipe.Recipes;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What {@code compress} takes from a recipe.
 *
 * @param recipe as it was read; empty where there is none
 */
record CompressRecipe(SparsityPlan recipe) {
  private static final String COMPRESS = "compress";

  /**
   * Reads a recipe.
   *
   * @param file or null
   * @throws FiligreeException as {@link Recipes#read}, and FIL-0846 for an option that {@code
   *     compress} does not have
   */
  static CompressRecipe of(Path file) {
    if (file == null) {
      return new CompressRecipe(new SparsityPlan(List.of(), Map.of()));
    }
    SparsityPlan recipe = Recipes.read(file);
    RecipeOptions.refuse(
        recipe,
        file,
        COMPRESS,
        Map.of(
            RunOption.ALLOCATION, "which removes the same share of every projection",
            RunOption.ON_INDIVISIBLE, "which packs every projection of a block"));
    return new CompressRecipe(recipe);
  }

  /** A text from the command line, else from the recipe, else the default. */
  String option(RunOption option, String given, String fallback) {
    return given != null ? given : recipe.option(option).orElse(fallback);
  }

  /**
   * How projections are pruned.
   *
   * @throws FiligreeException FIL-0846 for what {@code compress} cannot do
   */
  LayerPlans weights(long seed) {
    return LayerPlans.of(recipe, seed, COMPRESS, EnumSet.of(Scope.ROW, Scope.LAYER, Scope.GLOBAL));
  }

  /**
   * Which activations are skipped.
   *
   * @throws FiligreeException FIL-0846 where that differs between layers
   */
  Optional<SparsitySpec.Activation> activation() {
    ActivationRule last = ActivationRule.NONE;
    for (LayerRule rule : recipe.rules()) {
      if (rule.activation().isPresent()) {
        if (!rule.takesAll()) {
          throw new FiligreeException(
              Message.FIL_0846,
              rule.origin(),
              "activation of single layers",
              COMPRESS,
              "where a whole model skips in one way",
              "Write activation at the top of the recipe");
        }
        last = rule.activation().get();
        if (!last.plan().equals(ReluPlan.PLAIN.withThreshold(last.plan().threshold()))) {
          throw new FiligreeException(
              Message.FIL_0846,
              rule.origin(),
              "lambda or end of relu",
              COMPRESS,
              "which does not train",
              "Write activation: " + new ActivationRule(last.method(), 0).text());
        }
      }
    }
    return last.isNone() ? Optional.empty() : Optional.of(SparsitySpec.activation(last.text()));
  }

  /** Whether it speaks of activations, be it that none are skipped. */
  boolean saysActivation() {
    return recipe.rules().stream().anyMatch(r -> r.activation().isPresent());
  }

  /**
   * Checks that every glob takes a projection.
   *
   * @throws FiligreeException FIL-0847 for one that takes none
   */
  void requireMatches(Path model, DecoderConfig config) {
    GlobMatches.require(
        recipe,
        model,
        IntStream.range(0, config.layers())
            .boxed()
            .flatMap(l -> Arrays.stream(Projection.values()).map(p -> p.weight(l)))
            .toList());
  }
}
