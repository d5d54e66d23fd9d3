package dev.filigree.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Granularity;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlanRulesTest {
  private static final Declaration.Ramp RAMP =
      new Declaration.Ramp(ScheduleKind.CUBIC, 0, 0.6, 20, 3);

  @ParameterizedTest
  @ValueSource(doubles = {0.0, -0.0, 0.5, 0.9999999999999999, Double.MIN_VALUE})
  void legalSparsity(double s) {
    assertThat(PlanRules.check(weights(s, Granularity.UNSTRUCTURED, List.of(), Scope.DEFAULT)))
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "1.0,0.99",
    "-1.0E-9,0.0",
    "NaN,0.5",
    "Infinity,0.99",
    "-Infinity,0.0",
    "50.0,0.5 (if 50 % was meant)",
    "99.9,0.999 (if 99.9 % was meant)",
    "100.0,0.99"
  })
  void illegalSparsityNamesTheNearest(double s, String nearest) {
    assertThat(PlanRules.check(weights(s, Granularity.ROW, List.of(), Scope.DEFAULT)))
        .containsExactly(Problem.of(Message.FIL_0101, "sparsity", s, nearest));
  }

  @Test
  void everyIntegerPairIsJudged() {
    for (int m = -1; m <= 17; m++) {
      for (int n = -1; n <= 18; n++) {
        Message expected =
            m < 1
                ? Message.FIL_0104
                : n < 1 || n > m
                    ? Message.FIL_0102
                    : n == m
                        ? Message.FIL_0103
                        : m == 4 || m == 8 || m == 16 ? null : Message.FIL_0105;
        assertThat(PlanRules.check(nm(n, m, RAMP)))
            .as("%s:%s", n, m)
            .extracting(Problem::message)
            .isEqualTo(expected == null ? List.of() : List.of(expected));
      }
    }
  }

  @Test
  void meaningOfNm() {
    WeightPlan plan = PlanRules.weightPlan(nm(1, 4, RAMP));
    assertThat(plan.pattern()).isEqualTo(new Pattern.NM(1, 4));
    assertThat(plan.sparsity()).isEqualTo(0.75);
    assertThat(plan.scope()).isEqualTo(Scope.ROW);
    assertThat(plan.text()).isEqualTo("1:4");
  }

  @ParameterizedTest
  @EnumSource(Granularity.class)
  void defaultScope(Granularity g) {
    List<Integer> block = g == Granularity.BLOCK ? List.of(4, 1) : List.of();
    Scope expected = g == Granularity.UNSTRUCTURED ? Scope.ROW : Scope.LAYER;
    assertThat(PlanRules.check(weights(0.5, g, block, Scope.DEFAULT))).isEmpty();
    WeightPlan plan = PlanRules.weightPlan(weights(0.5, g, block, Scope.DEFAULT));
    assertThat(plan.scope()).isEqualTo(expected);
    assertThat(PlanRules.weightPlan(weights(0.5, g, block, Scope.GLOBAL)).scope())
        .isEqualTo(Scope.GLOBAL);
  }

  @Test
  void blocks() {
    assertThat(messages(block(4, 1))).isEmpty();
    assertThat(messages(block(1, 16))).isEmpty();
    assertThat(messages(block(32, 3))).isEmpty();
    assertThat(messages(block(3, 32))).isEmpty();
    assertThat(messages(block(1, 4))).containsExactly(Message.FIL_0106);
    assertThat(messages(block(0, 4))).containsExactly(Message.FIL_0109);
    assertThat(messages(block())).containsExactly(Message.FIL_0107);
    assertThat(messages(block(4, 1, 1))).containsExactly(Message.FIL_0107);
    assertThat(messages(weights(0.5, Granularity.ROW, List.of(4, 1), Scope.DEFAULT)))
        .containsExactly(Message.FIL_0108);
    assertThat(messages(weights(0.5, Granularity.ROW, List.of(), Scope.ROW)))
        .containsExactly(Message.FIL_0132);
    assertThat(PlanRules.weightPlan(block(4, 1)).text()).isEqualTo("block:4x1 0.5");
  }

  @ParameterizedTest
  @CsvSource({
    "CUBIC,0,0.6,true",
    "CUBIC,0,1,true",
    "CUBIC,0.99,1,true",
    "LINEAR,0,2,true",
    "LINEAR,100,200,true",
    "LINEAR,1,2,true",
    "CONSTANT,5,9,true",
    "ONE_SHOT,0,0.6,true",
    "ONE_SHOT,0.9,0.6,true",
    "ONE_SHOT,100,0.6,true",
    "ONE_SHOT,1,-7,true",
    "CUBIC,0.5,0.5,false",
    "CUBIC,0.6,0.5,false",
    "CUBIC,0.5,100,false",
    "CUBIC,100,0.6,false",
    "CUBIC,100,100,false",
    "CUBIC,-0.1,0.5,false",
    "CUBIC,0,NaN,false",
    "CUBIC,0,Infinity,false",
    "ONE_SHOT,100.5,0.6,false",
    "ONE_SHOT,-1,0.6,false"
  })
  void windows(ScheduleKind kind, double start, double end, boolean legal) {
    List<Problem> problems = PlanRules.check(new Declaration.Ramp(kind, start, end, 1, 3));
    assertThat(problems.isEmpty()).as("%s", problems).isEqualTo(legal);
  }

  @Test
  void theEndOfOneShotHasNoMeaning() {
    SchedulePlan plan =
        PlanRules.weightPlan(nm(2, 4, new Declaration.Ramp(ScheduleKind.ONE_SHOT, 0.25, 9, 1, 3)))
            .schedule();
    assertThat(plan.isFractional()).isTrue();
    assertThat(plan.start()).isEqualTo(0.25);
  }

  /** Following the advice of a message must lead to a legal window. */
  @Test
  void adviceAboutWindowsIsLegal() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<ScheduleKind> kinds = List.of(ScheduleKind.values());
    double[] values = {-3, -0.5, 0, 0.3, 0.5, 1, 1.5, 2, 10, 10.5, 1000};
    for (int i = 0; i < 5_000; i++) {
      ScheduleKind kind = kinds.get(random.nextInt(kinds.size()));
      double start = values[random.nextInt(values.length)];
      double end = values[random.nextInt(values.length)];
      Declaration.Ramp ramp = new Declaration.Ramp(kind, start, end, 1, 3);
      for (int round = 0; round < 4 && !PlanRules.check(ramp).isEmpty(); round++) {
        Problem p = PlanRules.check(ramp).get(0);
        double advice = advice(p);
        boolean atStart = p.attribute().equals("start");
        ramp =
            new Declaration.Ramp(
                kind, atStart ? advice : ramp.start(), atStart ? ramp.end() : advice, 1, 3);
      }
      assertThat(PlanRules.check(ramp))
          .as("seed %s: %s from %s to %s became %s", seed, kind, start, end, ramp)
          .isEmpty();
    }
  }

  private static double advice(Problem p) {
    java.util.regex.Matcher m =
        java.util.regex.Pattern.compile("(?:value: |end = )([-0-9.E]+)\\.$").matcher(p.text());
    assertThat(m.find()).as(p.text()).isTrue();
    return Double.parseDouble(m.group(1));
  }

  @Test
  void rolesOfCats() {
    assertThat(messages(activations(ActivationMethod.CATS, "a", "b", "c"))).isEmpty();
    assertThat(messages(activations(ActivationMethod.CATS, "", "", "")))
        .containsExactly(Message.FIL_0117, Message.FIL_0117, Message.FIL_0117);
    assertThat(messages(activations(ActivationMethod.CATS, "a", "a", "c")))
        .containsExactly(Message.FIL_0121);
    assertThat(messages(activations(ActivationMethod.WINA, "a", "", "")))
        .containsExactly(Message.FIL_0120);
    assertThat(PlanRules.text(activations(ActivationMethod.CATS, "a", "b", "c")))
        .isEqualTo("cats 0.5");
  }

  @Test
  void greedyHasTheRolesOfCatsAndLeavesEveryLayerSomething() {
    ActivationMethod greedy = ActivationMethod.TEAL_GREEDY;
    assertThat(messages(activations(greedy, "a", "b", "c"))).isEmpty();
    assertThat(messages(activations(greedy, "a", "", "")))
        .containsExactly(Message.FIL_0117, Message.FIL_0117);
    assertThat(messages(activations(greedy, "a", "b", "b"))).containsExactly(Message.FIL_0121);
    assertThat(PlanRules.text(activations(greedy, "a", "b", "c"))).isEqualTo("teal-greedy 0.5");
    assertThat(PlanRules.check(greedy(0.96, ReluPlan.PLAIN, List.of())))
        .extracting(Problem::text)
        .containsExactly(
            "FIL-0878: sparsity is 0.96; TEAL_GREEDY leaves every layer 5 % of its inputs, so it must be at least 0 and at most 0.95. Nearest legal value: 0.95.");
    for (double legal : new double[] {0, 0.5, 0.95}) {
      assertThat(messages(greedy(legal, ReluPlan.PLAIN, List.of()))).isEmpty();
    }
    for (double illegal : new double[] {-0.1, 1, 95}) {
      assertThat(messages(greedy(illegal, ReluPlan.PLAIN, List.of())))
          .containsExactly(Message.FIL_0101);
    }
    assertThat(messages(greedy(Double.NaN, ReluPlan.PLAIN, List.of())))
        .containsExactly(Message.FIL_0833);
    for (ReluPlan relu :
        List.of(
            ReluPlan.PLAIN.withThreshold(0.1),
            ReluPlan.PLAIN.withLambda(0.1),
            ReluPlan.PLAIN.withEnd(1))) {
      assertThat(messages(greedy(0.5, relu, List.of()))).containsExactly(Message.FIL_0834);
    }
    assertThat(messages(greedy(0.5, ReluPlan.PLAIN, List.of("w1"))))
        .containsExactly(Message.FIL_0128);
  }

  @Test
  void remaindersAreOfALayerOfItsOwn() {
    ActivationMethod method = ActivationMethod.R_SPARSE;
    assertThat(method.isOfBlock()).isFalse();
    assertThat(method.skipsUnits()).isFalse();
    for (double legal : new double[] {0, 0.5, 0.99}) {
      assertThat(messages(remainder(legal, ReluPlan.PLAIN, List.of("w1")))).isEmpty();
    }
    for (double illegal : new double[] {-0.1, 1, 50}) {
      assertThat(messages(remainder(illegal, ReluPlan.PLAIN, List.of())))
          .containsExactly(Message.FIL_0101);
    }
    assertThat(messages(remainder(Double.NaN, ReluPlan.PLAIN, List.of())))
        .containsExactly(Message.FIL_0833);
    assertThat(messages(remainder(0.5, ReluPlan.PLAIN.withThreshold(0.1), List.of())))
        .containsExactly(Message.FIL_0834);
    assertThat(messages(activations(method, "a", "", ""))).containsExactly(Message.FIL_0120);
    assertThat(PlanRules.text(activations(method, "", "", ""))).isEqualTo("r-sparse 0.5");
  }

  private static Declaration.Activations remainder(
      double sparsity, ReluPlan relu, List<String> include) {
    return new Declaration.Activations(
        sparsity, ActivationMethod.R_SPARSE, "", "", "", relu, include, List.of());
  }

  private static Declaration.Activations greedy(
      double sparsity, ReluPlan relu, List<String> include) {
    return new Declaration.Activations(
        sparsity, ActivationMethod.TEAL_GREEDY, "g", "u", "d", relu, include, List.of());
  }

  @Test
  void coreInferHasTheRolesOfCats() {
    ActivationMethod core = ActivationMethod.COREINFER;
    assertThat(core.isOfBlock()).isTrue();
    assertThat(core.skipsUnits()).as("as its gate decides").isFalse();
    assertThat(messages(activations(core, "a", "b", "c"))).isEmpty();
    assertThat(messages(activations(core, "a", "", "c"))).containsExactly(Message.FIL_0117);
    assertThat(messages(activations(core, "a", "c", "c"))).containsExactly(Message.FIL_0121);
    assertThat(PlanRules.text(activations(core, "a", "b", "c"))).isEqualTo("coreinfer 0.5");
    assertThat(messages(core(0, ReluPlan.PLAIN, List.of()))).isEmpty();
    assertThat(messages(core(0.99, ReluPlan.PLAIN, List.of()))).isEmpty();
    assertThat(messages(core(1, ReluPlan.PLAIN, List.of()))).containsExactly(Message.FIL_0101);
    assertThat(messages(core(Double.NaN, ReluPlan.PLAIN, List.of())))
        .containsExactly(Message.FIL_0833);
    assertThat(messages(core(0.5, ReluPlan.PLAIN.withThreshold(0.1), List.of())))
        .containsExactly(Message.FIL_0834);
    assertThat(messages(core(0.5, ReluPlan.PLAIN, List.of("w1"))))
        .containsExactly(Message.FIL_0128);
  }

  private static Declaration.Activations core(
      double sparsity, ReluPlan relu, List<String> include) {
    return new Declaration.Activations(
        sparsity, ActivationMethod.COREINFER, "g", "u", "d", relu, include, List.of());
  }

  @Test
  void rolesThatAreFields() {
    Map<String, LayerFamily> fields = new LinkedHashMap<>();
    fields.put("w1", LayerFamily.LINEAR);
    fields.put("own", LayerFamily.UNKNOWN);
    fields.put("conv", LayerFamily.CONVOLUTION);
    assertThat(
            SiteRules.checkRoles(
                activations(ActivationMethod.CATS, "w1", "conv", "x"), "Net", fields))
        .containsExactly(
            Problem.of(Message.FIL_0130, "up", "@ActivationSparse(method = CATS)", "field conv"),
            Problem.of(Message.FIL_0118, "down", "down", "x", "Net", "w1, own, conv"));
  }

  @ParameterizedTest
  @EnumSource(LayerFamily.class)
  void layersAndDeclarations(LayerFamily family) {
    Site site = new Site(Site.Kind.FIELD, "f", "T", family);
    List<Message> weight = findings(site, weights(0.5, Granularity.ROW, List.of(), Scope.LAYER));
    List<Message> srSte = findings(site, nm(2, 4, RAMP));
    List<Message> activation = findings(site, activations(ActivationMethod.TEAL, "", "", ""));
    switch (family) {
      case EMBEDDING -> assertThat(weight).containsExactly(Message.FIL_0126);
      case UNSUPPORTED -> assertThat(weight).containsExactly(Message.FIL_0125);
      default -> assertThat(weight).isEmpty();
    }
    assertThat(srSte.contains(Message.FIL_0131)).isEqualTo(family == LayerFamily.RECURRENT);
    assertThat(activation.contains(Message.FIL_0130))
        .isEqualTo(family == LayerFamily.RECURRENT || family == LayerFamily.CONVOLUTION);
  }

  private static List<Message> findings(Site site, Declaration d) {
    Declarations all =
        new Declarations(List.of(new Declarations.Item(d, "@X", Declarations.DIRECTLY)), List.of());
    return SiteRules.check(all, site).stream().map(f -> f.problem().message()).toList();
  }

  @Test
  void reluHasNoSparsityAndOthersDo() {
    assertThat(messages(relu(Double.NaN, 0))).isEmpty();
    assertThat(messages(relu(Double.NaN, 0.01))).isEmpty();
    assertThat(messages(relu(0.5, 0))).containsExactly(Message.FIL_0834);
    assertThat(messages(relu(Double.NaN, -0.1))).containsExactly(Message.FIL_0837);
    assertThat(messages(relu(Double.NaN, Double.POSITIVE_INFINITY)))
        .containsExactly(Message.FIL_0837);
    assertThat(PlanRules.text(relu(Double.NaN, 0))).isEqualTo("relu");
    assertThat(PlanRules.text(relu(Double.NaN, 0.01))).isEqualTo("relu above 0.01");
    assertThat(
            messages(
                new Declaration.Activations(
                    Double.NaN, ActivationMethod.TEAL, "", "", "", List.of(), List.of())))
        .containsExactly(Message.FIL_0833);
  }

  @Test
  void stagesOfLambda() {
    ReluPlan three = ReluPlan.PLAIN.withLambda(0, 0.005, 0.05);
    assertThat(PlanRules.check(three)).isEmpty();
    assertThat(PlanRules.check(three.withEnd(0.2, 0.5, 1))).isEmpty();
    assertThat(PlanRules.check(three.withEnd(5000, 6000, 10_000))).isEmpty();
    assertThat(PlanRules.check(ReluPlan.PLAIN.withLambda(-1)))
        .extracting(Problem::message)
        .containsExactly(Message.FIL_0110);
    for (ReluPlan wrong :
        List.of(
            three.withEnd(0.2, 0.5),
            three.withEnd(0.5, 0.2, 1),
            three.withEnd(0, 0.5, 1),
            three.withEnd(0.5, 100, 200),
            three.withEnd(1, 2, Double.NaN),
            ReluPlan.PLAIN.withEnd(1))) {
      assertThat(PlanRules.check(wrong))
          .extracting(Problem::message)
          .containsExactly(Message.FIL_0836);
    }
    assertThat(new ActivationPlan(ActivationMethod.RELU, Double.NaN, three).text())
        .isEqualTo("relu (lambda 0.0, 0.005, 0.05)");
  }

  private static Declaration.Activations relu(double sparsity, double threshold) {
    return new Declaration.Activations(
        sparsity,
        ActivationMethod.RELU,
        "g",
        "u",
        "d",
        ReluPlan.PLAIN.withThreshold(threshold),
        List.of(),
        List.of());
  }

  private static List<Message> messages(Declaration d) {
    return PlanRules.check(d).stream().map(Problem::message).toList();
  }

  private static Declaration.Weights block(Integer... sizes) {
    return weights(0.5, Granularity.BLOCK, List.of(sizes), Scope.DEFAULT);
  }

  private static Declaration.Weights weights(
      double s, Granularity g, List<Integer> block, Scope scope) {
    return new Declaration.Weights(
        s, g, block, Criterion.MAGNITUDE, scope, RAMP, List.of(), List.of());
  }

  private static Declaration.NM nm(int n, int m, Declaration.Ramp ramp) {
    return new Declaration.NM(
        n, m, Criterion.MAGNITUDE, Training.SR_STE, 2e-4, ramp, List.of(), List.of());
  }

  private static Declaration.Activations activations(
      ActivationMethod method, String gate, String up, String down) {
    return new Declaration.Activations(0.5, method, gate, up, down, List.of(), List.of());
  }
}
