package dev.filigree.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class PairedTimerTest {

  @Test
  void ratioIsFormedWithinRounds() {
    // The machine becomes ten times slower half way; the ratio does not see it.
    List<double[]> rounds = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      double slow = i < 10 ? 1 : 10;
      rounds.add(new double[] {3000 * slow, 2000 * slow, 6000 * slow});
    }
    Timing timing = new Timing(rounds);
    assertThat(timing.ratio(0, 1)).isEqualTo(new Ratio(1.5, 1.5, 1.5, 1.5, 20));
    assertThat(timing.ratio(0, 2).median()).isEqualTo(0.5);
    assertThat(timing.medianMicros(1)).isCloseTo(11, within(1e-9));
  }

  @Test
  void lowerBoundIsTheOrderStatisticOfTheSignTest() {
    // Tables of the binomial distribution: n = 10 gives the 3rd smallest (5.5 %), n = 5 the 1st.
    assertThat(Timing.lowerBound(upTo(10))).isEqualTo(3);
    assertThat(Timing.lowerBound(upTo(5))).isEqualTo(1);
    assertThat(Timing.lowerBound(upTo(4))).isEqualTo(1);
    assertThat(Timing.lowerBound(upTo(3))).isZero();
    assertThat(Timing.lowerBound(upTo(100))).isEqualTo(44);
    assertThat(Timing.lowerBound(upTo(5000))).isBetween(2430.0, 2500.0);
  }

  @Test
  void lowerBoundCoversTheMedianNineTimesInTen() {
    Random random = new Random(5);
    int covered = 0;
    for (int trial = 0; trial < 2000; trial++) {
      double[] ratios =
          DoubleStream.generate(() -> Math.exp(random.nextGaussian())).limit(25).sorted().toArray();
      covered += Timing.lowerBound(ratios) <= 1 ? 1 : 0;
    }
    assertThat(covered / 2000.0).isBetween(0.88, 0.97);
  }

  @Test
  void gateWantsTheLowerBoundAboveItsThreshold() {
    assertThat(Gate.sparse(new Ratio(1.5, 1.2, 1.8, 1.03, 50))).isTrue();
    assertThat(Gate.sparse(new Ratio(1.5, 0.9, 1.8, 1.02, 50))).isFalse();
    assertThat(Gate.sparse(new Ratio(9, 9, 9, 0, 2))).isFalse();
  }

  @Test
  void blocksAlternateAndTurnAround() {
    List<Integer> calls = Collections.synchronizedList(new ArrayList<>());
    Timing timing =
        PairedTimer.within(Duration.ofNanos(1))
            .withBlock(2)
            .withMaxRounds(6)
            .time(() -> calls.add(0), () -> calls.add(1));
    assertThat(timing.rounds()).isEqualTo(5);
    assertThat(calls.subList(0, 16))
        .containsExactly(0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0);
    assertThat(calls).hasSize(8 + 5 * 4);
  }

  @Test
  void blocksAreAsLongAsTheBudgetHasTimeFor() {
    // One call to see how long it takes, two blocks of warm-up, five rounds.
    assertThat(callsOf(Duration.ofSeconds(1), 50)).isGreaterThanOrEqualTo(1 + 7 * 5);
    assertThat(callsOf(Duration.ofMillis(60), 5_000)).isEqualTo(1 + 7 * 2);
    assertThat(callsOf(Duration.ofMillis(3), 2_000)).isEqualTo(1 + 7);
  }

  private static int callsOf(Duration budget, long micros) {
    int[] calls = {0};
    FakeTime time = new FakeTime();
    PairedTimer.within(budget, time.source())
        .time(
            () -> {
              calls[0]++;
              time.passes(micros);
            });
    return calls[0];
  }

  @Test
  void strictAlternationCountsEveryCall() {
    List<Integer> calls = new ArrayList<>();
    PairedTimer.within(Duration.ofNanos(1))
        .withBlock(1)
        .time(() -> calls.add(0), () -> calls.add(1));
    assertThat(calls.subList(4, 10)).containsExactly(0, 1, 1, 0, 0, 1);
  }

  @Test
  void seesThatTwiceTheWorkTakesLonger() {
    double[] sink = new double[1];
    Timing timing =
        PairedTimer.within(Duration.ofMillis(400))
            .time(() -> work(sink, 80_000), () -> work(sink, 20_000));
    assertThat(timing.ratio(0, 1).median()).isGreaterThan(1.5);
    assertThat(Gate.sparse(timing.ratio(0, 1))).isTrue();
    assertThat(Gate.sparse(timing.ratio(1, 0))).isFalse();
  }

  @Test
  void refusesWhatItCannotMeasure() {
    assertThatThrownBy(() -> PairedTimer.within(Duration.ZERO)).hasMessageContaining("positive");
    PairedTimer timer = PairedTimer.within(Duration.ofMillis(1));
    assertThatThrownBy(() -> timer.withBlock(0)).hasMessageContaining("at least 1");
    assertThatThrownBy(() -> timer.withMaxRounds(3)).hasMessageContaining("at least 5");
    assertThatThrownBy(timer::time).hasMessageContaining("nothing to time");
    assertThatThrownBy(() -> new Timing(List.of())).hasMessageContaining("no rounds");
  }

  private static double[] upTo(int n) {
    return DoubleStream.iterate(1, v -> v + 1).limit(n).toArray();
  }

  private static void work(double[] sink, int steps) {
    double v = sink[0];
    for (int i = 0; i < steps; i++) {
      v = Math.sqrt(v + i);
    }
    sink[0] = v;
  }
}
