package dev.filigree.gate;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class GateTest {
  private static final Duration SHORT = Duration.ofMillis(20);

  private final FakeTime time = new FakeTime();

  private Contender busy(String name, boolean sparse, long micros, AtomicInteger calls) {
    return new Contender(
        name,
        sparse,
        () -> {
          calls.incrementAndGet();
          time.passes(micros);
        });
  }

  @Test
  void theRuleAsksForABoundNotForAMedian() {
    assertThat(Gate.sparse(new Ratio(1.2, 0.9, 1.5, 1.02, 9))).isFalse();
    assertThat(Gate.sparse(new Ratio(1.05, 1.03, 1.1, 1.021, 9))).isTrue();
  }

  @Test
  void screeningTimesEveryContender() {
    AtomicInteger calls = new AtomicInteger();
    Map<String, Double> micros =
        Gate.screen(
            List.of(busy("djl", false, 400, calls), busy("csr", true, 50, calls)),
            SHORT,
            time.source());
    assertThat(micros.keySet()).containsExactly("djl", "csr");
    assertThat(micros.get("csr")).isGreaterThanOrEqualTo(50).isLessThan(micros.get("djl"));
  }

  @Test
  void whatIsHopelessDoesNotUseUpTheTime() {
    AtomicInteger calls = new AtomicInteger();
    AtomicInteger slowCalls = new AtomicInteger();
    Map<String, Double> micros =
        Gate.screen(
            List.of(
                busy("djl", false, 1_000, calls),
                busy("bitmap", true, 20_000, slowCalls),
                busy("csr", true, 900, calls)),
            SHORT,
            time.source());
    assertThat(micros.keySet()).containsExactly("djl", "bitmap", "csr");
    assertThat(micros.get("bitmap")).isGreaterThanOrEqualTo(20_000);
    assertThat(slowCalls.get()).isLessThan(12);
  }

  @Test
  void whatCostsLittleIsMeasuredHoweverSlow() {
    AtomicInteger slowCalls = new AtomicInteger();
    Gate.screen(
        List.of(busy("djl", false, 5, new AtomicInteger()), busy("csr", true, 60, slowCalls)),
        Duration.ofMillis(100),
        time.source());
    assertThat(slowCalls.get()).isGreaterThan(20);
  }

  @Test
  void aKernelThatBecomesFasterIsWaitedFor() {
    AtomicInteger calls = new AtomicInteger();
    // As in an interpreter at first: ten calls of 8 ms, each a fifth faster than the one before.
    Contender slowAtFirst =
        new Contender(
            "csr",
            true,
            () -> {
              int n = calls.getAndIncrement();
              time.passes(n > 20 ? 100 : (long) (8000 * Math.pow(0.8, n)));
            });
    Map<String, Double> micros =
        Gate.screen(
            List.of(busy("djl", false, 900, new AtomicInteger()), slowAtFirst),
            SHORT,
            time.source());
    assertThat(micros.get("csr")).isLessThan(300);
  }

  @Test
  void theCompilersQueueIsReadable() {
    assertThat(
            JitQueue.mentionsKernels("C2 CompilerThread0 12 4 dev.filigree.kernel.A::b (9 bytes)"))
        .isTrue();
    assertThat(JitQueue.mentionsKernels("C1 compile queue:\nEmpty\n")).isFalse();
    // Whatever it says, it does not fail.
    JitQueue.isBusy();
  }

  @Test
  void aClearCaseIsMeasuredOnce() {
    AtomicInteger calls = new AtomicInteger();
    Timing timing =
        Gate.confirm(
            busy("djl", false, 100, calls), busy("csr", true, 10_000, calls), SHORT, time.source());
    assertThat(Gate.sparse(timing.ratio(0, 1))).isFalse();
    // The least: five rounds after two of warm-up.
    assertThat(timing.rounds()).isEqualTo(5);
  }

  @Test
  void whatPassesByLittleHasToPassTwice() {
    AtomicInteger calls = new AtomicInteger();
    // 5 % faster than dense until a good part of the first measurement is over, slower later.
    long turn = SHORT.toNanos() * 11 / 10;
    Contender fickle = new Contender("csr", true, () -> time.passes(time.now() < turn ? 190 : 260));
    Timing timing = Gate.confirm(busy("djl", false, 200, calls), fickle, SHORT, time.source());
    assertThat(Gate.sparse(timing.ratio(0, 1))).isFalse();
  }

  @Test
  void joinedRoundsAreAllThere() {
    Timing a = new Timing(List.of(new double[] {2000, 1000}));
    Timing b = new Timing(List.of(new double[] {3000, 1000}, new double[] {4000, 1000}));
    Timing all = Timing.joined(List.of(a, b));
    assertThat(all.rounds()).isEqualTo(3);
    assertThat(all.ratio(0, 1).median()).isEqualTo(3);
  }
}
