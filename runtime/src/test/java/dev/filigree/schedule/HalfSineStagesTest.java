package dev.filigree.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.plan.ReluPlan;
import org.junit.jupiter.api.Test;

class HalfSineStagesTest {

  @Test
  void thePapersStages() {
    // ProSparse, 7B: cumulative steps 5k, 6k, 10k.
    ReluPlan plan = ReluPlan.PLAIN.withLambda(0, 5e-3, 5e-2).withEnd(5000, 6000, 10_000);
    HalfSineStages s = HalfSineStages.of(plan, 0);
    assertThat(s.at(0)).isZero();
    assertThat(s.at(4999)).isZero();
    assertThat(s.at(5000)).isEqualTo(0);
    assertThat(s.at(5500)).isCloseTo(2.5e-3, within(1e-15));
    assertThat(s.at(5250)).isCloseTo(5e-3 * 0.5 * (1 - Math.sqrt(0.5)), within(1e-15));
    assertThat(s.at(6000)).isCloseTo(5e-3, within(1e-15));
    assertThat(s.at(8000)).isCloseTo((5e-3 + 5e-2) / 2, within(1e-15));
    assertThat(s.at(10_000)).isEqualTo(5e-2);
    assertThat(s.at(1_000_000)).isEqualTo(5e-2);
  }

  @Test
  void fractionsOfTheTraining() {
    HalfSineStages s = HalfSineStages.of(ReluPlan.PLAIN.withLambda(1, 3).withEnd(0.2, 1), 100);
    assertThat(s.at(19)).isEqualTo(1);
    assertThat(s.at(60)).isCloseTo(2, within(1e-12));
    assertThat(s.at(99)).isBetween(2.99, 3.0);
    HalfSineStages even = HalfSineStages.of(ReluPlan.PLAIN.withLambda(1, 3, 2), 30);
    assertThat(even.at(9)).isEqualTo(1);
    assertThat(even.at(15)).isCloseTo(2, within(1e-12));
    assertThat(even.at(20)).isCloseTo(3, within(1e-12));
    assertThat(even.at(25)).isCloseTo(2.5, within(1e-12));
  }

  @Test
  void withoutALengthTheFirstFactorStays() {
    assertThat(HalfSineStages.of(ReluPlan.PLAIN.withLambda(1, 3), 0).at(1_000_000)).isEqualTo(1);
    assertThat(HalfSineStages.of(ReluPlan.PLAIN.withLambda(7), 0).at(5)).isEqualTo(7);
    assertThat(HalfSineStages.of(ReluPlan.PLAIN, 10).at(5)).isZero();
  }
}
