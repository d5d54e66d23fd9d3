package dev.filigree.allocate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.annotations.Scope;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.SparsityCount;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class AllocationsTest {
  private static final double[] SPARSITIES = {0, 0.1, 0.29, 0.5, 0.7, 0.9, 0.95};

  static LayerUnits matrix(String name, int rows, int cols, Scope scope) {
    return LayerUnits.of(name, List.of(rows, cols), rows, cols, new Pattern.Unstructured(), scope);
  }

  private static List<LayerUnits> random(SplittableRandom r, Scope scope) {
    List<LayerUnits> layers = new ArrayList<>();
    for (int i = r.nextInt(1, 9); i > 0; i--) {
      layers.add(matrix("l" + i, r.nextInt(1, 60), r.nextInt(20, 90), scope));
    }
    return layers;
  }

  private static List<Allocation> all(List<LayerUnits> layers, double s, SplittableRandom r) {
    double[] outliers = layers.stream().mapToDouble(l -> r.nextDouble() * 9).toArray();
    List<MeasuredAllocation.Curve> curves =
        layers.stream()
            .map(
                l ->
                    new MeasuredAllocation.Curve(
                        List.of(0.0, 0.4, 0.8), List.of(0.0, r.nextDouble(), 3 * r.nextDouble())))
            .toList();
    return List.of(
        Allocations.er(layers, s),
        Allocations.erk(layers, s, 1),
        Allocations.owl(layers, outliers, s, 0.08),
        MeasuredAllocation.of(layers, curves, s));
  }

  @Test
  void theTotalIsMetExactlyWhereAStepIsOneWeight() {
    long seed = 3_601;
    SplittableRandom r = new SplittableRandom(seed);
    for (int trial = 0; trial < 200; trial++) {
      List<LayerUnits> layers = random(r, Scope.LAYER);
      long size = layers.stream().mapToLong(LayerUnits::size).sum();
      for (double s : SPARSITIES) {
        for (Allocation a : all(layers, s, r)) {
          assertThat(a.total())
              .as("seed %s, %s at %s", seed, layers, s)
              .isEqualTo(SparsityCount.floor(size, s));
        }
      }
    }
  }

  @Test
  void withLargerStepsNothingIsLeftThatFits() {
    SplittableRandom r = new SplittableRandom(3_602);
    for (int trial = 0; trial < 200; trial++) {
      List<LayerUnits> layers = random(r, Scope.ROW);
      long size = layers.stream().mapToLong(LayerUnits::size).sum();
      for (double s : SPARSITIES) {
        for (Allocation a : all(layers, s, r)) {
          long left = SparsityCount.floor(size, s) - a.total();
          assertThat(left).isNotNegative();
          for (int i = 0; i < layers.size(); i++) {
            boolean room = a.removed().get(i) < layers.get(i).units() - 1;
            assertThat(room && layers.get(i).perUnit() <= left).isFalse();
          }
        }
      }
    }
  }

  @Test
  void theSparsityOfAShareRemovesExactlyTheShare() {
    for (int units : new int[] {3, 7, 10, 49, 100, 784, 12_345}) {
      LayerUnits layer = new LayerUnits("l", List.of(units, 1), units, 1);
      for (long k = 0; k < units; k++) {
        assertThat(SparsityCount.floor(units, layer.sparsity(k))).isEqualTo(k);
      }
    }
  }

  @Test
  void uniformIsTheCountingRuleOfEveryLayer() {
    List<LayerUnits> layers =
        List.of(matrix("a", 3, 10, Scope.LAYER), matrix("b", 7, 11, Scope.ROW));
    Allocation a = Allocations.uniform(layers, 0.29);
    assertThat(a.removed()).containsExactly(8L, 3L);
  }

  @Test
  void erkGivesDensitiesInProportionAndCutsAtOne() {
    List<LayerUnits> layers =
        List.of(
            matrix("wide", 2000, 1000, Scope.LAYER),
            matrix("square", 1000, 1000, Scope.LAYER),
            matrix("head", 10, 1000, Scope.LAYER));
    Allocation a = Allocations.erk(layers, 0.5, 1);
    // (in + out) / (in * out): 0.0015, 0.002, 0.101. The head would get more than all of itself.
    assertThat(a.removed().get(2)).isZero();
    double wide = 1 - a.sparsity(0);
    double square = 1 - a.sparsity(1);
    assertThat(wide / square).isCloseTo(0.0015 / 0.002, within(1e-5));
    assertThat(2_000_000 * wide + 1_000_000 * square + 10_000).isCloseTo(1_505_000, within(2.0));
    assertThat(Allocations.er(layers, 0.5).removed()).isEqualTo(a.removed());
  }

  @Test
  void erkCountsKernelsAndErDoesNot() {
    List<LayerUnits> layers =
        List.of(
            new LayerUnits("conv", List.of(64, 64, 3, 3), 36_864, 1),
            new LayerUnits("one", List.of(64, 64, 1, 1), 4096, 1));
    Allocation er = Allocations.er(layers, 0.8);
    assertThat(er.sparsity(0)).isCloseTo(er.sparsity(1), within(1e-3));
    Allocation erk = Allocations.erk(layers, 0.8, 1);
    double conv = 134.0 / 36_864;
    double one = 130.0 / 4096;
    assertThat((1 - erk.sparsity(0)) / (1 - erk.sparsity(1)))
        .isCloseTo(Math.min(1, conv / one), within(1e-3));
  }

  @Test
  void owlKeepsItsBoundsAndItsTotalOverLayersOfAnySize() {
    SplittableRandom r = new SplittableRandom(3_603);
    for (int trial = 0; trial < 300; trial++) {
      List<LayerUnits> layers = random(r, Scope.LAYER);
      double[] d = layers.stream().mapToDouble(l -> r.nextDouble() * 20).toArray();
      double s = 0.3 + 0.5 * r.nextDouble();
      double lambda = 0.15 * r.nextDouble();
      Allocation a = Allocations.owl(layers, d, s, lambda);
      for (int i = 0; i < layers.size(); i++) {
        double step = 1.0 / layers.get(i).units();
        assertThat(a.sparsity(i)).isBetween(s - lambda - step, s + lambda + step);
        for (int j = 0; j < layers.size(); j++) {
          if (d[i] > d[j]) {
            double other = 1.0 / layers.get(j).units();
            assertThat(a.sparsity(i)).isLessThanOrEqualTo(a.sparsity(j) + step + other);
          }
        }
      }
    }
  }

  @Test
  void owlOfTwoEqualLayersIsThePaperByHand() {
    List<LayerUnits> layers =
        List.of(matrix("a", 100, 100, Scope.LAYER), matrix("b", 100, 100, Scope.LAYER));
    Allocation a = Allocations.owl(layers, new double[] {1, 4}, 0.7, 0.08);
    assertThat(a.removed()).containsExactly(7800L, 6200L);
    assertThat(Allocations.owl(layers, new double[] {2, 2}, 0.7, 0.08).removed())
        .containsExactly(7000L, 7000L);
  }

  @Test
  void outliersAreCountedAgainstTheMeanOfAll() {
    double[] one = {1, 1, 1, 1, 20};
    double[] two = {1, 1, 1, 1, 2};
    // The mean of all ten is 3.
    assertThat(Outliers.ratio(List.of(one, two), 5)).isEqualTo(10);
    assertThat(Outliers.ratio(List.of(one, two), 7)).isZero();
    assertThat(Outliers.ratio(List.of(two), 1)).isEqualTo(20);
  }

  @Test
  void measuredSharesAreTheBestOfAllOnConvexCurves() {
    SplittableRandom r = new SplittableRandom(3_604);
    for (int trial = 0; trial < 50; trial++) {
      List<LayerUnits> layers = new ArrayList<>();
      List<MeasuredAllocation.Curve> curves = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        layers.add(new LayerUnits("l" + i, List.of(10, 1), 10, 1));
        double a = r.nextDouble();
        double b = a + r.nextDouble();
        curves.add(
            new MeasuredAllocation.Curve(
                List.of(0.0, 0.5, 0.9), List.of(0.0, 5 * a, 5 * a + 4 * b)));
      }
      Allocation found = MeasuredAllocation.of(layers, curves, 0.5);
      double best = Double.POSITIVE_INFINITY;
      for (int i = 0; i < 10; i++) {
        for (int j = 0; j < 10; j++) {
          int k = 15 - i - j;
          if (k >= 0 && k < 10) {
            best = Math.min(best, cost(curves, i, j, k));
          }
        }
      }
      List<Long> n = found.removed();
      double cost = cost(curves, n.get(0), n.get(1), n.get(2));
      assertThat(cost).isCloseTo(best, within(1e-9));
    }
  }

  private static double cost(List<MeasuredAllocation.Curve> curves, long... removed) {
    double sum = 0;
    for (int i = 0; i < removed.length; i++) {
      List<Double> e = curves.get(i).errors();
      double low = Math.min(removed[i], 5);
      sum += e.get(1) * low / 5 + (e.get(2) - e.get(1)) * (removed[i] - low) / 4;
    }
    return sum;
  }

  @Test
  void groupsOfNmLoseWholePlaces() {
    LayerUnits a = LayerUnits.of("a", List.of(8, 16), 8, 16, new Pattern.NM(2, 4), Scope.ROW);
    LayerUnits b = LayerUnits.of("b", List.of(8, 16), 8, 16, new Pattern.NM(2, 4), Scope.ROW);
    Allocation owl = Allocations.owl(List.of(a, b), new double[] {0, 5}, 0.5, 0.25);
    assertThat(owl.removed()).containsExactly(3L, 1L);
  }

  @Test
  void whatCannotBeLostIsSaid() {
    List<LayerUnits> layers = List.of(new LayerUnits("l", List.of(2, 2), 2, 2));
    assertThatThrownBy(() -> Allocations.erk(layers, 0.9, 1))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0361");
    assertThatThrownBy(() -> Allocations.er(layers, 1))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0101");
  }
}
