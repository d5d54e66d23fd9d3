package dev.filigree.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.agent.FiligreeAgent;
import dev.filigree.samples.digits.MethodComparison.Target;
import dev.filigree.samples.digits.MethodComparison.Way;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The comparison on few images: every defined cell is there, and what must hold for any data. */
final class MethodComparisonIT {
  @Test
  void everyDefinedCellIsMeasuredAndLookingAtDataBeatsChance() {
    FiligreeAgent.attach();
    MethodTable table =
        MethodComparison.run(
            Optional.empty(),
            1,
            new MethodComparison.Budget(DigitData.VALIDATION + 1500, 500, 128),
            Progress.SILENT);
    for (Target target : Target.ALL) {
      for (Way way : Way.ALL) {
        assertThat(table.cells(target, way)).hasSize(way.isDefinedFor(target.pattern()) ? 1 : 0);
      }
    }
    Target half = Target.ALL.get(0);
    double random = table.cells(half, Way.ALL.get(0)).get(0).error();
    for (Way way : Way.ALL.subList(1, Way.ALL.size())) {
      assertThat(table.cells(half, way).get(0).error()).as(way.name()).isBetween(0.0, random / 2);
    }
    assertThat(table.text()).contains("block:4x1 0.5", "wanda + dsnot", "best");
  }
}
