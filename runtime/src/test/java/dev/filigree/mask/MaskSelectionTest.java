package dev.filigree.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.SchedulePlan;
import dev.filigree.plan.WeightPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MaskSelectionTest {
  static WeightPlan plan(Pattern pattern, Scope scope) {
    double s = pattern instanceof Pattern.NM nm ? (nm.m() - nm.n()) / (double) nm.m() : 0.5;
    return new WeightPlan(
        pattern, s, Criterion.MAGNITUDE, scope, Training.HARD, 0, SchedulePlan.oneShot());
  }

  // Few distinct values make ties, wide exponents exercise every digit of the selection.
  private static double[] scores(Random random, int n) {
    double[] scores = new double[n];
    int kind = random.nextInt(5);
    for (int i = 0; i < n; i++) {
      scores[i] =
          switch (kind) {
            case 0 -> random.nextInt(4);
            case 1 -> random.nextGaussian();
            case 2 -> Math.scalb(random.nextDouble(), random.nextInt(600) - 300);
            case 3 -> random.nextInt(3) == 0 ? (random.nextBoolean() ? -0.0 : 0.0) : 1e-300;
            default ->
                random.nextInt(50) == 0 ? Double.POSITIVE_INFINITY : (float) random.nextDouble();
          };
    }
    return scores;
  }

  private static Pattern pattern(Random random) {
    return switch (random.nextInt(5)) {
      case 0 -> {
        int m = 1 + random.nextInt(20);
        yield new Pattern.NM(1 + random.nextInt(m), m);
      }
      case 1 -> new Pattern.Block(1 + random.nextInt(5), 1 + random.nextInt(5));
      case 2 -> new Pattern.Row();
      case 3 -> new Pattern.Channel();
      default -> new Pattern.Unstructured();
    };
  }

  private static void assertSame(Mask mask, boolean[][] expected, String what) {
    for (int r = 0; r < expected.length; r++) {
      for (int c = 0; c < expected[r].length; c++) {
        if (mask.kept(r, c) != expected[r][c]) {
          throw new AssertionError(what + ": differs at " + r + ", " + c);
        }
      }
    }
  }

  @Test
  void agreesWithStableSort() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 1500; round++) {
      Pattern pattern = pattern(random);
      int rows = 1 + random.nextInt(12);
      int cols = 1 + random.nextInt(round % 50 == 0 ? 3000 : 70);
      if (pattern instanceof Pattern.NM nm) {
        cols = nm.m() * (1 + random.nextInt(9));
      }
      boolean whole = pattern instanceof Pattern.Row || pattern instanceof Pattern.Channel;
      WeightPlan plan = plan(pattern, whole || random.nextBoolean() ? Scope.LAYER : Scope.ROW);
      double s =
          random.nextBoolean() ? random.nextInt(100) / 100.0 : Math.min(plan.sparsity(), 0.99);
      String what =
          "seed " + seed + " round " + round + ": " + pattern + " " + plan.scope() + " " + s;
      ScoredTensor t = new ScoredTensor("t", rows, cols, scores(random, rows * cols));
      assertSame(
          MaskSelection.select(plan, s, t.scores(), rows, cols),
          ReferenceSelection.select(plan, s, t),
          what);
    }
  }

  @Test
  void globalAgreesWithStableSort() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String[] names = {"z", "a", "é", "Z", "\uD83D\uDE00", "\uFFFD", "b.1", "b.10"};
    for (int round = 0; round < 300; round++) {
      Pattern pattern = pattern(random);
      if (pattern instanceof Pattern.NM) {
        continue;
      }
      List<ScoredTensor> tensors = new ArrayList<>();
      for (int i = 0; i <= random.nextInt(names.length); i++) {
        int rows = 1 + random.nextInt(9);
        int cols = 1 + random.nextInt(40);
        tensors.add(new ScoredTensor(names[i], rows, cols, scores(random, rows * cols)));
      }
      double s = random.nextInt(100) / 100.0;
      WeightPlan plan = plan(pattern, Scope.GLOBAL);
      List<Mask> masks = MaskSelection.selectGlobal(plan, s, tensors);
      List<boolean[][]> expected = ReferenceSelection.selectGlobal(plan, s, tensors);
      for (int i = 0; i < masks.size(); i++) {
        assertSame(
            masks.get(i), expected.get(i), "seed " + seed + " round " + round + " tensor " + i);
      }
    }
  }

  @Test
  void largeLayersCountExactly() {
    int rows = 1200;
    int cols = 1000;
    Random random = new Random(5);
    double[] scores = random.doubles((long) rows * cols).toArray();
    Mask mask =
        MaskSelection.select(
            plan(new Pattern.Unstructured(), Scope.LAYER), 0.29, scores, rows, cols);
    assertThat(mask.keptCount()).isEqualTo(852_000);
    double[] equal = new double[rows * cols];
    Mask first =
        MaskSelection.select(plan(new Pattern.Unstructured(), Scope.LAYER), 0.5, equal, rows, cols);
    assertThat(first.kept(599, 999)).isFalse();
    assertThat(first.kept(600, 0)).isTrue();
    assertThat(first.keptCount()).isEqualTo(600_000);
  }

  @Test
  void decimalsAreExact() {
    Mask mask =
        MaskSelection.select(
            plan(new Pattern.Unstructured(), Scope.ROW), 0.29, new double[100], 1, 100);
    assertThat(mask.keptCount()).isEqualTo(71);
    Mask thirds =
        MaskSelection.select(plan(new Pattern.NM(2, 3), Scope.ROW), 1 / 3.0, new double[9], 1, 9);
    assertThat(thirds.keptCount()).isEqualTo(6);
  }

  @Test
  void nanIsNamed() {
    double[] scores = {1, 2, Double.NaN, 4};
    assertThatThrownBy(
            () ->
                MaskSelection.select(
                    WeightPlan.nm(1, 2), 0.5, new ScoredTensor("fc1", 2, 2, scores)))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0409")
        .hasMessageContaining("fc1: the score at row 1, column 0");
  }

  @Test
  void indivisibleInputsAreRefused() {
    assertThatThrownBy(() -> MaskSelection.select(WeightPlan.nm(2, 4), 0.5, new double[30], 1, 30))
        .isInstanceOfSatisfying(
            FiligreeException.class, e -> assertThat(e.id()).isEqualTo(Message.FIL_0202))
        .hasMessageContaining("Nearest legal m: 3.");
  }

  @Test
  void illegalRequestsAreRefused() {
    WeightPlan plan = WeightPlan.unstructured(0.5);
    for (double s : new double[] {-0.1, 1, Double.NaN}) {
      assertThatThrownBy(() -> MaskSelection.select(plan, s, new double[4], 2, 2))
          .hasMessageContaining("FIL-0101");
    }
    assertThatThrownBy(() -> MaskSelection.select(plan, 0.5, new double[5], 2, 2))
        .hasMessageContaining("FIL-0408");
    ScoredTensor t = new ScoredTensor("w", 1, 1, new double[1]);
    assertThatThrownBy(() -> MaskSelection.selectGlobal(plan, 0.5, List.of(t, t)))
        .hasMessageContaining("FIL-0412");
  }

  @Test
  void emptyMatricesAreEmptyMasks() {
    for (Scope scope : List.of(Scope.ROW, Scope.LAYER)) {
      Mask mask =
          MaskSelection.select(plan(new Pattern.Unstructured(), scope), 0.5, new double[0], 3, 0);
      assertThat(mask.keptCount()).isZero();
      assertThat(mask.sparsity()).isZero();
    }
  }
}
