package dev.filigree.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class BreakEvenTest {

  @Test
  void aFormAsFastAsDenseIsAtItsBreakEven() {
    assertThat(BreakEven.estimate(0.5, 3200, 1700, 1)).isCloseTo(0.5, within(1e-12));
  }

  @Test
  void bitsThatStayAreCounted() {
    // 1/32 of bits: at sparsity s the form has 1 - s + 1/32 of the bytes. Twice as fast at half the
    // weights: 17/16 of the dense bytes may be there, as many as without any sparsity.
    assertThat(BreakEven.estimate(0.5, 3200, 1700, 2)).isCloseTo(0, within(1e-12));
    assertThat(BreakEven.estimate(0.9, 3200, 420, 2)).isCloseTo(0.76875, within(1e-12));
  }

  @Test
  void aFormThatIsNeverFasterNeedsEverythingGone() {
    assertThat(BreakEven.estimate(0.9, 1000, 100, 1e-9)).isCloseTo(1, within(1e-6));
  }
}
