package dev.filigree.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.gate.Copies;
import dev.filigree.gate.Memory;
import org.junit.jupiter.api.Test;

/** How many copies are made, and what happens where memory is short. */
final class MemoryPlanTest {

  @Test
  void copiesFillWhatIsAsked() {
    Copies copies = new Copies(1000, false);
    assertThat(copies.count(100)).isEqualTo(10);
    assertThat(copies.count(99)).isEqualTo(11);
    assertThat(copies.count(5000)).isEqualTo(1);
  }

  @Test
  void copiesStayWithinLimitedMemory() {
    assertThat(new Copies(1000, true).count(99)).isEqualTo(10);
    assertThat(new Copies(1000, true).count(5000)).isEqualTo(1);
  }

  @Test
  void copiesOfTinyLayersAreBounded() {
    assertThat(new Copies(1L << 30, false).count(4)).isEqualTo(Copies.MOST);
  }

  @Test
  void oneCopyWhereHot() {
    assertThat(new Copies(0, false).count(100)).isEqualTo(1);
  }

  @Test
  void asMuchAsMemoryAllows() {
    LayerSpec layer =
        LayerSpec.of(
            new LayerSpec.Arguments("linear", 16, 16, 1, "2:4", null, 0, "auto", "f32", "cold", 0));
    Copies copies = MemoryPlan.of(layer, 1L << 50, 1 << 20);
    assertThat(copies.limited()).isTrue();
    assertThat(copies.bytesPerSide()).isBetween(1L, Memory.machine());
  }

  @Test
  void tooLittleMemoryIsAnErrorBeforeTheWork() {
    LayerSpec layer =
        LayerSpec.of(
            new LayerSpec.Arguments("linear", 16, 16, 1, "2:4", null, 0, "auto", "f32", "cold", 0));
    assertThatThrownBy(() -> MemoryPlan.of(layer, 1 << 20, 1L << 50))
        .hasMessageContaining("FIL-0613")
        .hasMessageContaining("MiB");
  }
}
