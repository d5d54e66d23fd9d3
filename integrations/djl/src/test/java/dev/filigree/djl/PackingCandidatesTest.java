package dev.filigree.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.djl.PackOptions.Precision;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Pattern;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the gate measures, and what {@code precision} adds to it. */
class PackingCandidatesTest {
  private static final Optional<Pattern> BLOCKS = Optional.of(new Pattern.Block(4, 1));

  @AfterEach
  void clear() {
    System.clearProperty("filigree.precision");
  }

  @Test
  void singlePrecisionMeasuresNothingElse() {
    assertThat(Packing.candidates(BLOCKS, false, Precision.F32))
        .containsExactly("strip4x1", "sell", "bitmap", "csr", "dense");
    assertThat(Packing.candidates(Optional.empty(), true, Precision.F32))
        .containsExactly("columns", "dense");
  }

  @Test
  void bfloat16AddsEveryFormOnceMore() {
    assertThat(Packing.candidates(BLOCKS, true, Precision.BF16))
        .containsExactly(
            "strip4x1",
            "sell",
            "bitmap",
            "csr",
            "columns",
            "dense",
            "strip4x1-bf16",
            "sell-bf16",
            "bitmap-bf16",
            "csr-bf16",
            "columns-bf16",
            "dense-bf16");
  }

  @Test
  void optionsTakeTheSetting() {
    assertThat(PackOptions.defaults().precision()).isEqualTo(Precision.F32);
    System.setProperty("filigree.precision", "bf16");
    PackOptions options = PackOptions.defaults();
    assertThat(options.precision()).isEqualTo(Precision.BF16);
    // Everything else leaves it as it is.
    for (PackOptions other :
        List.of(
            options.withMode(PackOptions.Mode.DENSE),
            options.withMemory(PackOptions.Memory.SPEED),
            options.withCache(PackOptions.Cache.OFF),
            options.withModelInput((manager, batch) -> null))) {
      assertThat(other.precision()).isEqualTo(Precision.BF16);
    }
    assertThat(options.withPrecision(Precision.F32).precision()).isEqualTo(Precision.F32);
    System.setProperty("filigree.precision", "half");
    assertThatThrownBy(PackOptions::defaults)
        .isInstanceOf(FiligreeException.class)
        .hasMessage("FIL-0213: filigree.precision = \"half\" is not understood. Legal: f32, bf16.");
  }
}
