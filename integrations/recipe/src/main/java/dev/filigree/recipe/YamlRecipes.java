package dev.filigree.recipe;

import dev.filigree.plan.RecipeSource;
import dev.filigree.plan.SparsityPlan;
import java.nio.file.Path;

/** {@link Recipes} as a service. */
public final class YamlRecipes implements RecipeSource {
  @Override
  public SparsityPlan read(Path file) {
    return Recipes.read(file);
  }
}
