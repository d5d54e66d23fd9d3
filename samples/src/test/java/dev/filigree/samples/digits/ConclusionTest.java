package dev.filigree.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.report.Report.Tone;
import org.junit.jupiter.api.Test;

/** The words follow the numbers, also where sparsity loses. */
final class ConclusionTest {
  private static final Spread FAST = new Spread(1.8, 1.6, 2.0);
  private static final Spread EVEN = new Spread(1.01, .96, 1.05);
  private static final Spread SLOW = new Spread(.7, .6, .8);

  @Test
  void gainFromSparsity() {
    Conclusion c = new Conclusion(1, FAST, EVEN, FAST);
    assertThat(c.tone()).isEqualTo(Tone.GOOD);
    assertThat(c.text())
        .contains("1.80x (1.60 to 2.00) as fast as DJL dense")
        .contains("sparsity itself brings 1.80x");
  }

  @Test
  void gainThatIsNotFromSparsity() {
    Conclusion c = new Conclusion(1, FAST, FAST, EVEN);
    assertThat(c.tone()).isEqualTo(Tone.NEUTRAL);
    assertThat(c.text()).contains("the gain is not from sparsity");
  }

  @Test
  void sparsityThatLoses() {
    Conclusion c = new Conclusion(64, SLOW, EVEN, SLOW);
    assertThat(c.tone()).isEqualTo(Tone.BAD);
    assertThat(c.text())
        .contains("is SLOWER than DJL dense")
        .contains("sparsity loses")
        .contains("dense is the better choice");
  }

  @Test
  void sparsityThatHelpsButNotEnough() {
    Conclusion c = new Conclusion(64, SLOW, SLOW, FAST);
    assertThat(c.tone()).isEqualTo(Tone.BAD);
    assertThat(c.text()).contains("not enough here: at this batch size keep DJL dense");
  }

  @Test
  void nothingMeasurable() {
    Conclusion c = new Conclusion(64, EVEN, EVEN, EVEN);
    assertThat(c.tone()).isEqualTo(Tone.NEUTRAL);
    assertThat(c.text()).contains("within the noise").contains("only saves space");
  }

  @Test
  void aRatioIsCalledFasterOnlyOutsideItsSpread() {
    assertThat(new Spread(1.2, .99, 1.4).verdict()).isEqualTo(Spread.Verdict.SAME);
    assertThat(new Spread(1.02, 1.01, 1.03).verdict()).isEqualTo(Spread.Verdict.SAME);
    assertThat(new Spread(.9, .8, 1.01).verdict()).isEqualTo(Spread.Verdict.SAME);
    assertThat(SLOW.verdict()).isEqualTo(Spread.Verdict.SLOWER);
    assertThat(FAST.verdict()).isEqualTo(Spread.Verdict.FASTER);
  }

  @Test
  void percentilesAreInterpolated() {
    Spread spread = Spread.of(new double[] {4, 0, 2, 3, 1});
    assertThat(spread.median()).isEqualTo(2);
    assertThat(spread.p10()).isEqualTo(.4);
    assertThat(spread.p90()).isEqualTo(3.6);
  }
}
