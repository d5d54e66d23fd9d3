package dev.filigree.criterion;

import dev.filigree.annotations.Granularity;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.LayerRule;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.PlanRules;
import dev.filigree.plan.SparsityPlan;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which layer is pruned how. Immutable.
 *
 * @param rules in order; the last one that takes a layer decides
 */
public record LayerPlans(List<Rule> rules) {
  /**
   * One rule.
   *
   * @param layers which it takes; what it says about their weights is in the plan
   * @param plan how they are pruned; empty where they stay dense
   */
  public record Rule(LayerRule layers, Optional<OneShotPlan> plan) {}

  /** Copies the list. */
  public LayerPlans {
    rules = List.copyOf(rules);
  }

  /** Every layer stays dense. */
  public static LayerPlans none() {
    return new LayerPlans(List.of());
  }

  /** Every layer is pruned by the same plan. */
  public static LayerPlans all(OneShotPlan plan) {
    LayerRule every = new LayerRule(List.of(), List.of(), Optional.empty(), Optional.empty(), "");
    return new LayerPlans(List.of(new Rule(every, Optional.of(plan))));
  }

  /**
   * What a recipe says about weights.
   *
   * @param purpose what prunes, for messages: {@code compress}
   * @param legalScopes the scopes it can count over
   * @throws FiligreeException FIL-0846 for what is only for training, or for a scope it cannot
   *     count over
   */
  public static LayerPlans of(
      SparsityPlan recipe, long seed, String purpose, Set<Scope> legalScopes) {
    List<Rule> rules = new ArrayList<>();
    for (LayerRule rule : recipe.rules()) {
      rule.weights()
          .ifPresent(
              w ->
                  rules.add(
                      new Rule(
                          rule,
                          w.declaration()
                              .map(d -> plan(d, rule, purpose, legalScopes).withSeed(seed)))));
    }
    return new LayerPlans(rules);
  }

  private static OneShotPlan plan(
      Declaration declaration, LayerRule rule, String purpose, Set<Scope> legalScopes) {
    if (declaration instanceof Declaration.NM nm) {
      refuse(!nm.schedule().equals(PlanRules.NM_SCHEDULE), rule, "schedule", purpose);
      refuse(nm.lambda() != PlanRules.NM_LAMBDA, rule, "lambda", purpose);
      refuse(nm.training() != Training.SR_STE, rule, "training", purpose);
      return OneShotPlan.of(
          OneShotMethod.valueOf(nm.criterion().name()), new Pattern.NM(nm.n(), nm.m()), 0);
    }
    Declaration.Weights w = (Declaration.Weights) declaration;
    refuse(!w.schedule().equals(PlanRules.SPARSE_SCHEDULE), rule, "schedule", purpose);
    Pattern pattern = PlanRules.weightPlan(w).pattern();
    if (w.granularity() == Granularity.ROW || w.granularity() == Granularity.CHANNEL) {
      throw new FiligreeException(
          Message.FIL_0846,
          rule.origin(),
          "pattern " + pattern.text(),
          purpose,
          "which prunes single weights, N:M and blocks",
          "Take unstructured, N:M or block:RxC");
    }
    OneShotPlan plan =
        OneShotPlan.of(OneShotMethod.valueOf(w.criterion().name()), pattern, w.sparsity())
            .withScope(w.scope());
    if (!legalScopes.contains(plan.scope())) {
      throw new FiligreeException(
          Message.FIL_0846,
          rule.origin(),
          "scope " + label(plan.scope()),
          purpose,
          "which does not have all the layers it would count over at once",
          "Take "
              + legalScopes.stream()
                  .sorted()
                  .map(LayerPlans::label)
                  .collect(Collectors.joining(" or ")));
    }
    return plan;
  }

  private static String label(Scope scope) {
    return scope.name().toLowerCase(Locale.ROOT);
  }

  private static void refuse(boolean broken, LayerRule rule, String key, String purpose) {
    if (broken) {
      throw new FiligreeException(
          Message.FIL_0846,
          rule.origin(),
          key,
          purpose,
          "which prunes at once and does not train",
          "Remove it");
    }
  }

  /** How a layer is pruned; empty where it stays dense. */
  public Optional<OneShotPlan> of(String layer) {
    Optional<OneShotPlan> plan = Optional.empty();
    for (Rule rule : rules) {
      if (rule.layers().takes(layer)) {
        plan = rule.plan();
      }
    }
    return plan;
  }

  /** The different plans, in the order of the rules. */
  public Set<OneShotPlan> plans() {
    Set<OneShotPlan> plans = new LinkedHashSet<>();
    rules.forEach(r -> r.plan().ifPresent(plans::add));
    return plans;
  }

  /** Whether no rule prunes anything. */
  public boolean isEmpty() {
    return plans().isEmpty();
  }

  /** The first plan that needs statistics of inputs, if one does. */
  public Optional<OneShotPlan> needingInputs() {
    return plans().stream().filter(OneShotPlan::needsInputs).findFirst();
  }
}
