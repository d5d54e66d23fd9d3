package dev.filigree.cli.regret;

import dev.filigree.cli.bench.DefaultPolicy;
import dev.filigree.cli.bench.LayerSpec;
import dev.filigree.gate.Gate;
import dev.filigree.kernel.KernelSelection;
import dev.filigree.kernel.Workers;
import dev.filigree.report.PlainText;
import dev.filigree.report.Report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The result for a terminal. */
final class RegretText {
  private RegretText() {}

  static String of(RegretResult r) {
    StringBuilder out = new StringBuilder();
    out.append(
        wrapped(
            String.format(
                Locale.ROOT,
                "JDK %s, %d threads on both sides, OpenMP policy %s, kernels: %s",
                System.getProperty("java.version"),
                Workers.shared().threads(),
                DefaultPolicy.current(),
                KernelSelection.description())));
    out.append('\n').append(PlainText.table(table(r))).append('\n');
    out.append(
        wrapped(
            String.format(
                Locale.ROOT,
                "Ratios are times of DJL's layer over times of a form, of the second measurement unless"
                    + " said otherwise. %d layers in %.0f s.",
                r.outcomes().size(),
                r.seconds())));
    out.append(
        wrapped(
            String.format(
                Locale.ROOT,
                "%d of the %d layers that left DJL are below %.2f on the second measurement (none"
                    + " should be).",
                r.slower().size(),
                r.leaving().size(),
                RegretResult.SLOWER)));
    out.append(
        wrapped(
            String.format(
                Locale.ROOT,
                "%d layers have a sparse form that is at least %.2fx; %.0f %% of them left DJL (%.0f %%"
                    + " should).",
                r.clear().size(),
                Gate.CLEAR,
                100 * r.clearShare(),
                100 * RegretResult.SHARE)));
    out.append(
        wrapped(
            String.format(
                Locale.ROOT,
                "Mean regret, time of the choice over that of the best less 1: %.1f %% (%.0f %% at"
                    + " most).",
                100 * r.meanRegret(),
                100 * RegretResult.MEAN_REGRET)));
    return out.toString();
  }

  private static Table table(RegretResult r) {
    List<List<String>> rows = new ArrayList<>();
    for (Outcome o : r.outcomes()) {
      LayerSpec layer = o.layer();
      rows.add(
          List.of(
              layer.rows() + " x " + layer.cols(),
              Integer.toString(layer.batch()),
              layer.plan().map(p -> p.text()).orElse("dense")
                  + (layer.activationSparsity() > 0
                      ? String.format(
                          Locale.ROOT, ", %.0f %% of inputs", 100 * layer.activationSparsity())
                      : ""),
              o.gate().form(),
              String.format(Locale.ROOT, "%.2f", o.gate().ratio()),
              String.format(Locale.ROOT, "%.2f", o.chosenRatio()),
              o.best(),
              String.format(Locale.ROOT, "%.2f", o.ratio(o.best())),
              String.format(Locale.ROOT, "%.1f %%", 100 * o.regret())));
    }
    return new Table(
        List.of(
            "out x in", "batch", "removed", "gate", "it saw", "ratio", "best", "ratio", "regret"),
        rows);
  }

  private static String wrapped(String text) {
    return PlainText.wrap(text) + '\n';
  }
}
