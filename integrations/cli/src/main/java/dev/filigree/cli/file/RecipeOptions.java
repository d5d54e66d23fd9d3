package dev.filigree.cli.file;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.RunOption;
import dev.filigree.plan.SparsityPlan;
import java.nio.file.Path;
import java.util.Map;

/** Options of recipes that a command does not have. */
public final class RecipeOptions {
  private RecipeOptions() {}

  /**
   * Refuses options.
   *
   * @param command its name
   * @param why it does not have them
   * @throws FiligreeException FIL-0846 for the first that the recipe sets
   */
  public static void refuse(
      SparsityPlan recipe, Path file, String command, Map<RunOption, String> why) {
    for (RunOption option : recipe.options().keySet()) {
      if (why.containsKey(option)) {
        throw new FiligreeException(
            Message.FIL_0846, file, option.key(), command, why.get(option), "Remove it");
      }
    }
  }
}
