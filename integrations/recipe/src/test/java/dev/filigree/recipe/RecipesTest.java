package dev.filigree.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Granularity;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;
import dev.filigree.plan.ActivationRule;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.LayerRule;
import dev.filigree.plan.PlanRules;
import dev.filigree.plan.ReluPlan;
import dev.filigree.plan.RunOption;
import dev.filigree.plan.SparsityPlan;
import dev.filigree.plan.WeightRule;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What recipes mean. */
final class RecipesTest {

  private static SparsityPlan parse(String... lines) {
    return Recipes.parse("r.yaml", String.join("\n", lines));
  }

  private static Declaration weights(String... lines) {
    SparsityPlan plan = parse(lines);
    return plan.rules().get(0).weights().orElseThrow().declaration().orElseThrow();
  }

  private static Declaration.Weights shared(
      double sparsity, Granularity granularity, List<Integer> block, Criterion criterion) {
    return new Declaration.Weights(
        sparsity,
        granularity,
        block,
        criterion,
        Scope.DEFAULT,
        PlanRules.SPARSE_SCHEDULE,
        List.of(),
        List.of());
  }

  private static Declaration.NM groups(int n, int m, Criterion criterion) {
    return new Declaration.NM(
        n,
        m,
        criterion,
        Training.SR_STE,
        PlanRules.NM_LAMBDA,
        PlanRules.NM_SCHEDULE,
        List.of(),
        List.of());
  }

  @Test
  void aTextIsASpecOfTheCommandLine() {
    assertThat(weights("weights: wanda:2:4")).isEqualTo(groups(2, 4, Criterion.WANDA));
    assertThat(weights("weights: \"magnitude:unstructured:0.5\""))
        .isEqualTo(shared(0.5, Granularity.UNSTRUCTURED, List.of(), Criterion.MAGNITUDE));
    assertThat(weights("weights: random:block:4x1:.25"))
        .isEqualTo(shared(0.25, Granularity.BLOCK, List.of(4, 1), Criterion.RANDOM));
    assertThat(weights("weights: magnitude:row:0.1"))
        .isEqualTo(shared(0.1, Granularity.ROW, List.of(), Criterion.MAGNITUDE));
  }

  @Test
  void aMappingHasTheAttributesOfAnnotations() {
    Declaration expected =
        new Declaration.Weights(
            0.5,
            Granularity.BLOCK,
            List.of(4, 1),
            Criterion.MAGNITUDE,
            Scope.LAYER,
            new Declaration.Ramp(ScheduleKind.LINEAR, 0.1, 0.6, 20, 3),
            List.of(),
            List.of());
    assertThat(
            weights(
                "weights:",
                "  sparsity: 0.5",
                "  granularity: BLOCK",
                "  block: [4, 1]",
                "  scope: layer",
                "  schedule: {kind: linear, start: 0.1}"))
        .isEqualTo(expected);
    assertThat(
            weights(
                "weights: {pattern: block:4x1, sparsity: 0.5, scope: LAYER,",
                "  schedule: {kind: LINEAR, start: 1e-1, end: 0.6, every: 20, power: 3}}"))
        .isEqualTo(expected);
  }

  @Test
  void groupsAreWrittenEitherWay() {
    Declaration expected =
        new Declaration.NM(
            1,
            4,
            Criterion.MAGNITUDE,
            Training.HARD,
            0,
            PlanRules.NM_SCHEDULE,
            List.of(),
            List.of());
    assertThat(weights("weights: {n: 1, m: 4, training: HARD, lambda: 0}")).isEqualTo(expected);
    assertThat(weights("weights: {pattern: 1:4, training: hard, lambda: 0.0}")).isEqualTo(expected);
    assertThat(((Declaration.NM) weights("weights: {n: 2, m: 4, training: SR_STE}")).training())
        .isEqualTo(Training.SR_STE);
  }

  @Test
  void twoColonsAreNoTimeOfDay() {
    // YAML 1.1 would read 2:4 as the number 124.
    assertThat(weights("weights: {pattern: 2:4}")).isEqualTo(groups(2, 4, Criterion.MAGNITUDE));
  }

  @Test
  void activationsAreWrittenEitherWay() {
    for (String text :
        List.of("teal:0.5", "{method: teal, sparsity: 0.5}", "{method: TEAL, sparsity: .5}")) {
      assertThat(parse("activation: " + text).rules().get(0).activation())
          .as(text)
          .contains(new ActivationRule("teal", 0.5));
    }
    assertThat(parse("activation: {method: TOP_K, sparsity: 0.5}").rules().get(0).activation())
        .contains(new ActivationRule("topk", 0.5));
    assertThat(parse("activation: relu").rules().get(0).activation())
        .contains(new ActivationRule("relu", 0));
    ActivationRule fat = new ActivationRule("relu", 0, ReluPlan.PLAIN.withThreshold(0.01));
    assertThat(parse("activation: relu:0.01").rules().get(0).activation()).contains(fat);
    assertThat(parse("activation: {method: relu, threshold: 0.01}").rules().get(0).activation())
        .contains(fat);
    assertThat(parse("activation: none").rules().get(0).activation()).contains(ActivationRule.NONE);
  }

  @Test
  void theLastRuleThatSpeaksOfALayerDecides() {
    SparsityPlan plan =
        parse(
            "weights: wanda:2:4",
            "activation: teal:0.5",
            "layers:",
            "  - include: '*.down_proj.*'",
            "    weights: magnitude:unstructured:0.3",
            "  - include: ['*.0.*', '*.1.*']",
            "    exclude: '*.up_proj.*'",
            "    weights: none",
            "  - include: '*.up_proj.*'",
            "    activation: none");
    assertThat(plan.weights("l.2.q_proj.weight").orElseThrow().origin())
        .isEqualTo("r.yaml, line 1");
    assertThat(plan.weights("l.2.down_proj.weight").orElseThrow().origin())
        .isEqualTo("r.yaml, line 4");
    assertThat(plan.weights("l.1.down_proj.weight").orElseThrow().weights())
        .contains(WeightRule.NONE);
    assertThat(plan.weights("l.1.up_proj.weight").orElseThrow().origin())
        .isEqualTo("r.yaml, line 1");
    assertThat(plan.activation("l.1.up_proj.weight").orElseThrow().activation())
        .contains(ActivationRule.NONE);
    assertThat(plan.activation("l.1.down_proj.weight").orElseThrow().origin())
        .isEqualTo("r.yaml, line 1");
  }

  @Test
  void optionsAreThoseOfTheCommandLine() {
    SparsityPlan plan =
        parse(
            "version: 1",
            "seed: 7",
            "values: BF16",
            "calibration-mode: dense",
            "allocation: ERK",
            "on-indivisible: skip");
    assertThat(plan.rules()).isEmpty();
    assertThat(plan.options())
        .isEqualTo(
            Map.of(
                RunOption.SEED,
                "7",
                RunOption.VALUES,
                "bf16",
                RunOption.CALIBRATION_MODE,
                "dense",
                RunOption.ALLOCATION,
                "erk",
                RunOption.ON_INDIVISIBLE,
                "skip"));
  }

  @Test
  void anchorsRepeatWhatTheyName() {
    SparsityPlan plan =
        parse(
            "weights: &gentle {sparsity: 0.3, scope: row}",
            "layers:",
            "  - {include: a, weights: none}",
            "  - {include: b, weights: *gentle}");
    assertThat(plan.rules().get(2).weights()).isEqualTo(plan.rules().get(0).weights());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "weights: wanda:2:4\r\nlayers:\r\n  - include: a\r\n    weights: none\r\n",
        "\uFEFFweights: wanda:2:4\nlayers:\n  - include: a\n    weights: none\n",
        "---\nweights: wanda:2:4 # all\nlayers:\n- include: [a]\n  weights: 'none'\n...\n",
        "{\"weights\": \"wanda:2:4\", \"layers\": [{\"include\": \"a\", \"weights\": \"none\"}]}"
      })
  void lineEndsMarksAndStylesMakeNoDifference(String text) {
    SparsityPlan plan = Recipes.parse("r.yaml", text.getBytes(StandardCharsets.UTF_8));
    assertThat(plan.rules().stream().map(r -> r.withOrigin("")).toList())
        .containsExactly(
            new LayerRule(
                List.of(),
                List.of(),
                Optional.of(WeightRule.of(groups(2, 4, Criterion.WANDA))),
                Optional.empty(),
                ""),
            new LayerRule(
                List.of("a"), List.of(), Optional.of(WeightRule.NONE), Optional.empty(), ""));
  }
}
