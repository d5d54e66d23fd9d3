package dev.filigree.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Dense in a process of its own. */
final class DefaultPolicyTest {
  private static final LayerSpec LAYER =
      LayerSpec.of(
          new LayerSpec.Arguments("linear", 16, 16, 1, "2:4", null, 0, "auto", "f32", "hot", 7));

  @Test
  void anotherProcessMeasuresDense() {
    assertThat(DefaultPolicy.denseMicros(LAYER, 1, Duration.ofMillis(50), "dev.filigree.cli.Main"))
        .isBetween(0.1, 1e6);
  }

  @Test
  void aProcessThatFailsIsNamed() {
    assertThatThrownBy(
            () -> DefaultPolicy.denseMicros(LAYER, 1, Duration.ofMillis(50), "no.such.Main"))
        .hasMessageContaining("FIL-0614")
        .hasMessageContaining("status 1");
  }
}
