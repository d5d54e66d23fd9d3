package dev.filigree.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** Without a terminal: few lines, and one for every task that ends. */
final class ProgressDisplayTest {

  @Test
  void linesSayWhatEnded() {
    StringWriter out = new StringWriter();
    try (ProgressDisplay display = ProgressDisplay.on(new PrintWriter(out, true))) {
      for (int i = 0; i <= 1000; i++) {
        display.at("training", i, 1000);
      }
      display.at("packing", 1, 1);
    }
    assertThat(out.toString().lines()).contains("training: 1000 of 1000", "packing: 1 of 1");
    assertThat(out.toString().lines().count()).isLessThan(10);
  }

  @Test
  void linesSayHowLongTheRestTakesAsSoonAsTheyKnow() {
    StringWriter out = new StringWriter();
    long[] seconds = {100};
    ProgressDisplay.Lines display =
        new ProgressDisplay.Lines(new PrintWriter(out, true), () -> seconds[0] * 1_000_000_000L);
    for (int i = 1; i <= 24; i++) {
      seconds[0] += 10;
      display.at("Pruning", i, 24);
    }
    for (int i = 0; i <= 2; i++) {
      display.at("Packing", i, 2);
      seconds[0] += 1;
    }
    assertThat(out.toString().lines())
        .startsWith("Pruning: 1 of 24, about 4 min left", "Pruning: 2 of 24, about 4 min left")
        .contains("Pruning: 23 of 24, about 10 s left", "Pruning: 24 of 24")
        .endsWith("Packing: 2 of 2")
        .hasSize(25);
  }
}
