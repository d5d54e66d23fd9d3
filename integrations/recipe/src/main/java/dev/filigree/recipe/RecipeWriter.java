package dev.filigree.recipe;

import dev.filigree.annotations.Granularity;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;
import dev.filigree.plan.ActivationRule;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.LayerRule;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.PlanRules;
import dev.filigree.plan.ReluPlan;
import dev.filigree.plan.RunOption;
import dev.filigree.plan.SparsityPlan;
import dev.filigree.plan.WeightRule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/** Writes a plan as a recipe; what has its default value is left out. */
final class RecipeWriter {
  private RecipeWriter() {}

  static String text(SparsityPlan plan) {
    Map<String, Object> recipe = new LinkedHashMap<>();
    recipe.put(RecipeReader.VERSION, 1);
    plan.options()
        .forEach(
            (option, value) ->
                recipe.put(option.key(), option == RunOption.SEED ? Long.valueOf(value) : value));
    List<LayerRule> rules = new ArrayList<>(plan.rules());
    if (!rules.isEmpty() && rules.get(0).takesAll()) {
      recipe.putAll(rule(rules.remove(0)));
    }
    if (!rules.isEmpty()) {
      recipe.put(RecipeReader.LAYERS, rules.stream().map(RecipeWriter::rule).toList());
    }
    return new Dump(DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build())
        .dumpToString(recipe);
  }

  private static Map<String, Object> rule(LayerRule rule) {
    Map<String, Object> out = new LinkedHashMap<>();
    globs(out, RecipeReader.INCLUDE, rule.include());
    globs(out, RecipeReader.EXCLUDE, rule.exclude());
    rule.weights().ifPresent(w -> out.put(RecipeReader.WEIGHTS, weights(w)));
    rule.activation().ifPresent(a -> out.put(RecipeReader.ACTIVATION, activation(a)));
    return out;
  }

  private static Object activation(ActivationRule rule) {
    ReluPlan plan = rule.plan();
    if (plan.equals(ReluPlan.PLAIN)) {
      return rule.text();
    }
    Map<String, Object> out = new LinkedHashMap<>();
    out.put(ActivationReader.METHOD, rule.method());
    if (plan.threshold() != 0) {
      out.put(ActivationReader.THRESHOLD, plan.threshold());
    }
    if (!plan.lambda().isEmpty()) {
      out.put(ActivationReader.LAMBDA, plan.lambda());
    }
    if (!plan.end().isEmpty()) {
      out.put(ActivationReader.END, plan.end());
    }
    return out;
  }

  private static void globs(Map<String, Object> out, String key, List<String> globs) {
    if (!globs.isEmpty()) {
      out.put(key, globs.size() == 1 ? globs.get(0) : globs);
    }
  }

  private static Object weights(WeightRule rule) {
    if (rule.declaration().isEmpty()) {
      return WeightReader.NONE;
    }
    Map<String, Object> out = new LinkedHashMap<>();
    if (rule.declaration().get() instanceof Declaration.NM nm) {
      out.put(WeightReader.CRITERION, Words.of(nm.criterion()));
      out.put(WeightReader.PATTERN, new Pattern.NM(nm.n(), nm.m()).text());
      if (nm.training() != Training.SR_STE) {
        out.put(WeightReader.TRAINING, Words.of(nm.training()));
      }
      if (nm.lambda() != PlanRules.NM_LAMBDA) {
        out.put(WeightReader.LAMBDA, nm.lambda());
      }
      schedule(out, nm.schedule(), PlanRules.NM_SCHEDULE);
    } else if (rule.declaration().get() instanceof Declaration.Weights w) {
      out.put(WeightReader.CRITERION, Words.of(w.criterion()));
      out.put(WeightReader.PATTERN, pattern(w).text());
      out.put(WeightReader.SPARSITY, w.sparsity());
      if (w.scope() != Scope.DEFAULT) {
        out.put(WeightReader.SCOPE, Words.of(w.scope()));
      }
      schedule(out, w.schedule(), PlanRules.SPARSE_SCHEDULE);
    }
    return out;
  }

  private static Pattern pattern(Declaration.Weights w) {
    return w.granularity() == Granularity.BLOCK
        ? new Pattern.Block(w.block().get(0), w.block().get(1))
        : Pattern.of(Words.of(w.granularity())).orElseThrow();
  }

  private static void schedule(
      Map<String, Object> out, Declaration.Ramp ramp, Declaration.Ramp standard) {
    if (!ramp.equals(standard)) {
      Map<String, Object> keys = new LinkedHashMap<>();
      keys.put("kind", Words.of(ramp.kind()));
      keys.put("start", ramp.start());
      keys.put("end", ramp.end());
      keys.put("every", ramp.every());
      keys.put("power", ramp.power());
      out.put(ScheduleReader.SCHEDULE, keys);
    }
  }
}
