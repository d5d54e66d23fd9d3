package dev.filigree.djl.bind;

import dev.filigree.annotations.ActivationMethod;
import dev.filigree.plan.ActivationRule;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.LayerRule;
import dev.filigree.plan.Message;
import dev.filigree.plan.RecipeSource;
import dev.filigree.plan.Setting;
import dev.filigree.plan.SparsityPlan;
import dev.filigree.plan.WeightRule;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/**
 * What the recipe in force ({@link Setting#RECIPE}) says about layers of DJL models. It stands
 * above annotations.
 *
 * @param file as the setting names it; empty where there is none
 */
record RecipeRules(String file, SparsityPlan recipe) {
  /** Nothing is said about any layer. */
  static final RecipeRules NONE = new RecipeRules("", new SparsityPlan(List.of(), Map.of()));

  private static final String MODEL = "a DJL model";

  private static volatile RecipeRules current = NONE;

  /**
   * The rules of the file that the setting names now; read once.
   *
   * @throws FiligreeException FIL-0849 where no reader is there, FIL-0404 and FIL-0840 to FIL-0848
   *     for the file
   */
  static RecipeRules current() {
    String file = Setting.recipe().orElse("");
    RecipeRules known = current;
    if (!known.file.equals(file)) {
      known = file.isEmpty() ? NONE : read(file);
      current = known;
    }
    return known;
  }

  private static RecipeRules read(String file) {
    RecipeSource source = source(file);
    SparsityPlan recipe;
    try {
      recipe = source.read(Path.of(file));
    } catch (InvalidPathException e) {
      throw new FiligreeException(e, Message.FIL_0404, file, e.getReason());
    }
    recipe
        .options()
        .keySet()
        .forEach(
            option -> {
              throw new FiligreeException(
                  Message.FIL_0846,
                  file,
                  option.key(),
                  MODEL,
                  "whose program says it",
                  "Remove it");
            });
    for (LayerRule rule : recipe.rules()) {
      rule.activation().filter(a -> !a.isNone()).ifPresent(a -> check(rule, a));
    }
    return new RecipeRules(file, recipe);
  }

  private static RecipeSource source(String file) {
    try {
      return ServiceLoader.load(RecipeSource.class, RecipeRules.class.getClassLoader())
          .findFirst()
          .orElseThrow(() -> new FiligreeException(Message.FIL_0849, file));
    } catch (ServiceConfigurationError e) {
      throw new FiligreeException(e, Message.FIL_0849, file);
    }
  }

  private static void check(LayerRule rule, ActivationRule activation) {
    ActivationMethod method = activation.declared().orElseThrow();
    // What relu says is for blocks that are declared as such.
    if (method.isOfBlock() && method != ActivationMethod.RELU) {
      throw notDeclared(rule);
    }
  }

  /** A method of gated feed-forward blocks on a layer whose block does not declare it. */
  static FiligreeException notDeclared(LayerRule rule) {
    return new FiligreeException(
        Message.FIL_0846,
        rule.origin(),
        "activation " + rule.activation().orElseThrow().method(),
        MODEL,
        "which does not say what gate, up and down are",
        "Declare it by @ActivationSparse on the block type");
  }

  /** The rule that decides about the weights of a layer. */
  Optional<LayerRule> weights(String path) {
    return recipe.weights(path);
  }

  /** The rule that decides about the activations of a layer. */
  Optional<LayerRule> activation(String path) {
    return recipe.activation(path);
  }

  /** What a rule says about weights, as annotations would; empty for none. */
  static Optional<Declaration> weightsOf(LayerRule rule) {
    return rule.weights().flatMap(WeightRule::declaration);
  }

  /** Whether a rule is about blocks that are declared with ReLU, and says nothing of others. */
  static boolean isRelu(LayerRule rule) {
    return rule.activation().filter(a -> a.method().equals(ActivationRule.RELU)).isPresent();
  }

  /** What a rule says about activations, as annotations would; empty for none. */
  static Optional<Declaration> activationOf(LayerRule rule) {
    return rule.activation()
        .flatMap(
            a ->
                a.declared()
                    .map(
                        method ->
                            new Declaration.Activations(
                                a.choosesSparsity() ? a.sparsity() : Double.NaN,
                                method,
                                "",
                                "",
                                "",
                                List.of(),
                                List.of())));
  }
}
