package dev.filigree.allocate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.annotations.Scope;
import dev.filigree.plan.FiligreeException;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

class EvolutionTest {
  private static final List<LayerUnits> LAYERS =
      List.of(
          AllocationsTest.matrix("fragile", 40, 40, Scope.LAYER),
          AllocationsTest.matrix("robust", 40, 40, Scope.LAYER),
          AllocationsTest.matrix("large", 80, 80, Scope.LAYER),
          AllocationsTest.matrix("fragile too", 40, 40, Scope.LAYER));
  private static final double[] HARM = {30, 1, 1, 20};

  /** Harm that grows with the square of the sparsity: the best shares are far from uniform. */
  private static double harm(Allocation a, double share) {
    double sum = 0;
    for (int i = 0; i < HARM.length; i++) {
      double s = a.sparsity(i);
      sum += HARM[i] * s * s * LAYERS.get(i).size();
    }
    return sum * share;
  }

  @Test
  void aPlantedProblemIsSolved() {
    Evolution.Result found =
        Evolution.defaults()
            .withSeed(7)
            .search(LAYERS, 0.5, EvolutionTest::harm, CandidateExecutor.local());
    assertThat(found.fitness()).isLessThan(0.75 * found.startFitness());
    assertThat(found.best().sparsity(0)).isLessThan(0.35);
    assertThat(found.best().sparsity(3)).isLessThan(0.35);
    assertThat(found.best().sparsity(2)).isGreaterThan(0.5);
    assertThat(found.history()).isSortedAccordingTo((x, y) -> Double.compare(y, x));
  }

  @Test
  void everyCandidateHasTheTotal() {
    ConcurrentLinkedQueue<Long> totals = new ConcurrentLinkedQueue<>();
    Fitness fitness =
        (a, share) -> {
          totals.add(a.total());
          return harm(a, share);
        };
    Evolution.defaults().withSize(10, 8).search(LAYERS, 0.6, fitness, CandidateExecutor.local());
    assertThat(totals).hasSizeGreaterThan(50).containsOnly(6720L); // floor(0.6 * 11,200)
  }

  @Test
  void theSameSeedGivesTheSameOnAnyNumberOfThreads() {
    Evolution evolution = Evolution.defaults().withSize(12, 16).withSeed(3);
    Evolution.Result one =
        evolution.search(LAYERS, 0.5, EvolutionTest::harm, CandidateExecutor.local());
    for (int threads : new int[] {1, 2, 7}) {
      Evolution.Result other =
          evolution.search(
              LAYERS,
              0.5,
              (a, share) -> {
                // Later candidates finish first.
                Thread.onSpinWait();
                return harm(a, share);
              },
              CandidateExecutor.threads(threads));
      assertThat(other).isEqualTo(one);
    }
    Evolution.Result seeded =
        evolution.withSeed(4).search(LAYERS, 0.5, EvolutionTest::harm, CandidateExecutor.local());
    assertThat(seeded.history()).isNotEqualTo(one.history());
  }

  @Test
  void oneLayerAndFullLayersHaveNothingToMove() {
    List<LayerUnits> one = LAYERS.subList(0, 1);
    Fitness none = (a, share) -> 1;
    Evolution.Result found = Evolution.defaults().search(one, 0.5, none, CandidateExecutor.local());
    assertThat(found.best().removed()).containsExactly(800L);
    assertThat(found.evaluations()).isEqualTo(1);
  }

  @Test
  void aFitnessThatIsNoNumberAndIllegalSettingsAreRefused() {
    assertThatThrownBy(
            () ->
                Evolution.defaults()
                    .search(LAYERS, 0.5, (a, s) -> Double.NaN, CandidateExecutor.local()))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0363");
    assertThatThrownBy(() -> Evolution.defaults().withSize(-1, 4))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0362");
    assertThatThrownBy(() -> new Evolution(1, 1, 1, 0.5, List.of(new Evolution.Round(2, 1)), 0))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("survivors of the last round");
  }
}
