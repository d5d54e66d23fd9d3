package dev.filigree.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SparsityPlanTest {
  private static final List<String> LAYERS =
      List.of("encoder/wide", "encoder/next", "encoder/deep/wide", "head");

  private static LayerRule rule(String origin, String include, String exclude) {
    return new LayerRule(
        include.isEmpty() ? List.of() : Arrays.asList(include.split(" ")),
        exclude.isEmpty() ? List.of() : Arrays.asList(exclude.split(" ")),
        Optional.of(WeightRule.NONE),
        Optional.empty(),
        origin);
  }

  private static SparsityPlan plan(LayerRule... rules) {
    return new SparsityPlan(List.of(rules), Map.of());
  }

  private static String decides(SparsityPlan plan, String layer) {
    return plan.weights(layer).map(LayerRule::origin).orElse("");
  }

  @Test
  void theLastRuleThatTakesALayerDecides() {
    SparsityPlan plan =
        plan(rule("all", "", "head"), rule("some", "encoder/*", ""), rule("wide", "**/wide", ""));
    assertThat(LAYERS).map(l -> decides(plan, l)).containsExactly("wide", "some", "wide", "");
    assertThat(plan.activation("head")).isEmpty();
  }

  @Test
  void excludeWinsAndOnlyWholeNamesAreNames() {
    LayerRule rule = rule("", "encoder/** head", "encoder/deep/**");
    assertThat(LAYERS)
        .filteredOn(rule::takes)
        .containsExactly("encoder/wide", "encoder/next", "head");
    assertThat(LAYERS).filteredOn(rule::names).containsExactly("head");
    assertThat(rule.takesAll()).isFalse();
    assertThat(rule("", "", "").takesAll()).isTrue();
  }

  @Test
  void globsThatTakeNothingAreNamedWithTheNearest() {
    assertThatCode(() -> GlobMatches.require(plan(rule("", "**/wide", "head")), "m", LAYERS))
        .doesNotThrowAnyException();
    SparsityPlan wrong = plan(rule("r, line 2", "*", "encoder/wyde"), rule("r, line 4", "hd", ""));
    assertThatThrownBy(() -> GlobMatches.require(wrong, "m", LAYERS))
        .isInstanceOf(FiligreeException.class)
        .hasMessage(
            "FIL-0847: r, line 2: \"encoder/wyde\" matches none of the layers of m. Nearest: encoder/wide, encoder/deep/wide, encoder/next, head. Correct the glob; * stands for any characters but '/'.");
    assertThat(GlobMatches.messages(wrong, "m", LAYERS))
        .hasSize(2)
        .element(1)
        .asString()
        .startsWith("FIL-0847: r, line 4: \"hd\" matches none of the layers of m. Nearest: head");
  }

  @Test
  void plansDoNotChange() {
    Map<RunOption, String> options = new HashMap<>(Map.of(RunOption.SEED, "1"));
    SparsityPlan plan = new SparsityPlan(List.of(), options);
    options.clear();
    assertThat(plan.option(RunOption.SEED)).contains("1");
    assertThat(plan.option(RunOption.VALUES)).isEmpty();
    assertThat(RunOption.byKey("calibration-mode")).contains(RunOption.CALIBRATION_MODE);
  }

  @Test
  void activationsAreWrittenAsOnTheCommandLine() {
    assertThat(new ActivationRule("teal", 0.5).text()).isEqualTo("teal:0.5");
    assertThat(new ActivationRule("relu", 0).text()).isEqualTo("relu");
    assertThat(new ActivationRule("relu", 0, ReluPlan.PLAIN.withThreshold(0.01)).text())
        .isEqualTo("relu:0.01");
    assertThat(ActivationRule.NONE.text()).isEqualTo("none");
    assertThat(ActivationRule.METHODS)
        .filteredOn(m -> new ActivationRule(m, 0).declared().isPresent())
        .containsExactlyInAnyOrder(
            "teal",
            "teal-greedy",
            "wina",
            "wina-threshold",
            "topk",
            "r-sparse",
            "cats",
            "chess",
            "relu",
            "coreinfer");
  }
}
