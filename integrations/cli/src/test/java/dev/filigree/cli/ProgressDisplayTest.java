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
}
