package dev.filigree.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.report.Report.Table;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tables line up and text is wrapped. */
final class PlainTextTest {

  @Test
  void numbersToTheRightWordsToTheLeft() {
    Table table =
        new Table(
            List.of("layer", "bytes", "why"),
            List.of(List.of("wide", "1,000", "-"), List.of("a", "-", "slow")));
    assertThat(PlainText.table(table))
        .isEqualTo(
            """
            layer  bytes  why
            ------------------
            wide   1,000  -
            a          -  slow
            """);
  }

  @Test
  void breaksAtSpaces() {
    String text = ("word ".repeat(50) + "end").strip();
    String wrapped = PlainText.wrap(text);
    assertThat(wrapped.lines()).allSatisfy(line -> assertThat(line.length()).isBetween(1, 100));
    assertThat(wrapped.replace('\n', ' ')).isEqualTo(text);
  }

  @Test
  void rowsMustFit() {
    assertThatThrownBy(() -> new Table(List.of("a"), List.of(List.of("1", "2"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 cells");
  }
}
