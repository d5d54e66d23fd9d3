package dev.filigree.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Granularity;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;
import dev.filigree.plan.ActivationRule;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.LayerRule;
import dev.filigree.plan.PlanRules;
import dev.filigree.plan.Problem;
import dev.filigree.plan.ReluPlan;
import dev.filigree.plan.RunOption;
import dev.filigree.plan.SparsityPlan;
import dev.filigree.plan.WeightRule;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A recipe written from a plan and read back is the same plan. */
final class RoundTripTest {
  private static final List<String> GLOBS =
      List.of(
          "a", "**", "*", "encoder/wide", "*.q_proj.*", "12", "~", "no", "é \"'#: x", "?", "- a");
  private final Random random = new Random(7);

  private <T> T any(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  private <E extends Enum<E>> E any(Class<E> of) {
    return any(List.of(of.getEnumConstants()));
  }

  private double share() {
    return any(List.of(0.0, 0.29, 1 / 3.0, 1e-9, 0.999999, random.nextDouble()));
  }

  private Declaration.Ramp ramp(Declaration.Ramp standard) {
    return switch (random.nextInt(3)) {
      case 0 -> standard;
      case 1 ->
          new Declaration.Ramp(any(ScheduleKind.class), share() / 2, 0.6, 1 + random.nextInt(9), 2);
      default -> new Declaration.Ramp(any(ScheduleKind.class), 10, 1e6, 1, 1e-3);
    };
  }

  private Declaration declaration() {
    if (random.nextBoolean()) {
      int m = 1 + random.nextInt(16);
      return new Declaration.NM(
          1 + random.nextInt(m),
          m,
          any(Criterion.class),
          any(Training.class),
          any(List.of(0.0, PlanRules.NM_LAMBDA, 1e-30, 12.5)),
          ramp(PlanRules.NM_SCHEDULE),
          List.of(),
          List.of());
    }
    Granularity granularity = any(Granularity.class);
    return new Declaration.Weights(
        share(),
        granularity,
        granularity == Granularity.BLOCK ? List.of(1 + random.nextInt(9), 4) : List.of(),
        any(Criterion.class),
        any(Scope.class),
        ramp(PlanRules.SPARSE_SCHEDULE),
        List.of(),
        List.of());
  }

  private Declaration legal() {
    Declaration d = declaration();
    return PlanRules.check(d).stream().anyMatch(Problem::isError) ? legal() : d;
  }

  private List<String> globs() {
    List<String> out = new ArrayList<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      out.add(any(GLOBS));
    }
    return out;
  }

  private ActivationRule activation() {
    String method = any(ActivationRule.METHODS);
    ActivationRule rule = new ActivationRule(method, 0);
    if (method.equals(ActivationRule.RELU) && random.nextBoolean()) {
      ReluPlan plan = ReluPlan.PLAIN.withThreshold(share()).withLambda(share(), 0.25);
      ReluPlan plain = ReluPlan.PLAIN.withThreshold(share());
      return new ActivationRule(
          method,
          0,
          random.nextBoolean() ? plain : random.nextBoolean() ? plan : plan.withEnd(5, 9));
    }
    return rule.choosesSparsity() ? new ActivationRule(method, share()) : rule;
  }

  private LayerRule rule() {
    int what = random.nextInt(3);
    WeightRule weights = random.nextInt(4) == 0 ? WeightRule.NONE : WeightRule.of(legal());
    return new LayerRule(
        globs(),
        globs(),
        what == 0 ? Optional.empty() : Optional.of(weights),
        what == 1 ? Optional.empty() : Optional.of(activation()),
        "");
  }

  private SparsityPlan plan() {
    List<LayerRule> rules = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      rules.add(rule());
    }
    Map<RunOption, String> options = new EnumMap<>(RunOption.class);
    for (RunOption option : RunOption.values()) {
      if (random.nextBoolean()) {
        boolean number = option.legal().isEmpty();
        options.put(
            option,
            number ? String.valueOf(random.nextLong(1_000_000_000_000L)) : any(option.legal()));
      }
    }
    return new SparsityPlan(rules, options);
  }

  @Test
  void writtenAndReadBack() {
    for (int i = 0; i < 2_000; i++) {
      SparsityPlan plan = plan();
      String text = Recipes.write(plan);
      SparsityPlan read = Recipes.parse("r.yaml", text);
      List<LayerRule> rules = read.rules().stream().map(r -> r.withOrigin("")).toList();
      assertThat(new SparsityPlan(rules, read.options())).as(text).isEqualTo(plan);
    }
  }

  @Test
  void whatIsWrittenIsReadable() {
    String text =
        """
        version: 1
        values: bf16
        weights:
          criterion: wanda
          pattern: 2:4
        activation: teal:0.5
        layers:
        - include: '*.down_proj.*'
          weights:
            criterion: magnitude
            pattern: unstructured
            sparsity: 0.3
        """;
    assertThat(Recipes.write(Recipes.parse("r.yaml", text))).isEqualTo(text);
  }

  @Test
  void changedTextsAreReadOrRefused() {
    String pieces = "\n\t \r:-,[]{}&*!|>'\"%@`#?~0.5\u0000\u0085\uFEFF\uD83D\uDE00";
    for (int i = 0; i < 5_000; i++) {
      StringBuilder text = new StringBuilder(Recipes.write(plan()));
      for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.deleteCharAt(at);
          case 1 -> text.insert(at, pieces.charAt(random.nextInt(pieces.length())));
          default -> text.setCharAt(at, pieces.charAt(random.nextInt(pieces.length())));
        }
        text.append('\n');
      }
      try {
        Recipes.parse("r.yaml", text.toString());
      } catch (FiligreeException e) {
        assertThat(e).as(text.toString()).hasMessageMatching("FIL-084\\d: r\\.yaml(?s:.*)\\S");
        assertThat(e.getMessage()).hasSizeLessThan(800);
      }
    }
  }
}
