package dev.filigree.cli.file;

import dev.filigree.annotations.Scope;
import dev.filigree.criterion.LayerPlans;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.LayerRule;
import dev.filigree.plan.Message;
import dev.filigree.plan.RunOption;
import dev.filigree.plan.SparsityPlan;
import dev.filigree.recipe.Recipes;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;

/** What {@code prune} takes from a recipe. */
public final class PruneRecipe {
  private static final String PRUNE = "prune";

  private PruneRecipe() {}

  /**
   * Reads a recipe.
   *
   * @throws FiligreeException as {@link Recipes#read}, and FIL-0846 for what {@code prune} does not
   *     do
   */
  public static SparsityPlan read(Path file) {
    SparsityPlan recipe = Recipes.read(file);
    RecipeOptions.refuse(
        recipe,
        file,
        PRUNE,
        Map.of(
            RunOption.VALUES, "which keeps the type of every tensor",
            RunOption.CALIBRATION_MODE, "whose inputs come from capture"));
    for (LayerRule rule : recipe.rules()) {
      if (rule.activation().isPresent()) {
        throw new FiligreeException(
            Message.FIL_0846,
            rule.origin(),
            "activation",
            PRUNE,
            "which only has weights",
            "Remove it");
      }
    }
    return recipe;
  }

  /**
   * How which tensors are pruned.
   *
   * @throws FiligreeException FIL-0846 for what is only for training, or a pattern files do not
   *     take
   */
  public static LayerPlans plans(SparsityPlan recipe, long seed) {
    return LayerPlans.of(recipe, seed, PRUNE, EnumSet.of(Scope.ROW, Scope.LAYER, Scope.GLOBAL));
  }
}
