package dev.filigree.samples.digits;

import dev.filigree.report.PlainText;
import dev.filigree.report.Report.Finding;
import java.util.Locale;

/** The result for a terminal. */
final class DemoText {
  private final DemoResult result;

  DemoText(DemoResult result) {
    this.result = result;
  }

  String text() {
    StringBuilder out = new StringBuilder();
    out.append(heading(result)).append('\n').append(result.machine()).append("\n\n");
    out.append(PlainText.table(DemoTables.models(result))).append('\n');
    out.append(PlainText.table(DemoTables.layers(result))).append('\n');
    for (Finding finding : new DemoWords(result).findings()) {
      out.append(PlainText.wrap(finding.text())).append('\n');
    }
    return out.toString();
  }

  /** What was done: data, sizes, epochs, seed, time. */
  static String heading(DemoResult r) {
    return String.format(
        Locale.ROOT,
        "%s: %,d to train, %,d to choose on, %,d to test; %d epoch%s, seed %d, %.0f s in all",
        r.source(),
        r.sizes().get(0),
        r.sizes().get(1),
        r.sizes().get(2),
        r.run().epochs(),
        r.run().epochs() == 1 ? "" : "s",
        r.run().seed(),
        r.seconds());
  }
}
