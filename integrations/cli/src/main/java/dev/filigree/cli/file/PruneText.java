package dev.filigree.cli.file;

import dev.filigree.criterion.LayerPlans;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.plan.Pattern;
import dev.filigree.prune.PruneResult;
import dev.filigree.report.Json;
import dev.filigree.report.PlainText;
import dev.filigree.report.Report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The result of {@code prune}. */
public final class PruneText {
  private PruneText() {}

  /** For people. */
  public static String text(PruneResult result, LayerPlans plans) {
    List<List<String>> rows = new ArrayList<>();
    boolean errors = result.tensors().stream().anyMatch(r -> r.reconError().isPresent());
    boolean zeros = result.tensors().stream().anyMatch(r -> r.zeros().isPresent());
    for (PruneResult.Row r : result.tensors()) {
      List<String> row = new ArrayList<>();
      row.add(r.name());
      row.add(r.rows() + " x " + r.cols());
      row.add(Texts.count(r.kept()));
      row.add(Texts.percent(r.sparsity()));
      if (zeros) {
        row.add(Texts.percent(r.zeros().orElse(r.sparsity())));
      }
      if (errors) {
        row.add(
            r.reconError().isPresent()
                ? String.format(Locale.ROOT, "%.4g", r.reconError().getAsDouble())
                : "-");
      }
      rows.add(row);
    }
    List<String> columns = new ArrayList<>(List.of("tensor", "out x in", "kept", "removed"));
    if (zeros) {
      columns.add("zeros");
    }
    if (errors) {
      columns.add("recon_error");
    }
    StringBuilder out = new StringBuilder();
    out.append(PlainText.table(new Table(columns, rows)));
    out.append('\n')
        .append(
            PlainText.wrap(
                String.format(
                    Locale.ROOT,
                    "%s: %s of %s weights in %d tensors removed, %s.",
                    plans.plans().stream()
                        .map(p -> label(p, plans.plans().size() > 1))
                        .collect(Collectors.joining("; ")),
                    Texts.count(result.weights() - result.kept()),
                    Texts.count(result.weights()),
                    result.tensors().size(),
                    Texts.percent(1 - result.kept() / (double) result.weights()))))
        .append('\n');
    for (PruneResult.Skipped s : result.skipped()) {
      out.append("Left dense: ").append(s.name()).append(": ").append(s.reason()).append('\n');
    }
    return out.toString();
  }

  /**
   * @param withSparsity whether it takes the sparsity to tell it from others
   */
  private static String label(OneShotPlan plan, boolean withSparsity) {
    String scope =
        plan.pattern() instanceof Pattern.NM
            ? ""
            : (withSparsity ? " " + plan.sparsity() : "")
                + " counted by "
                + plan.scope().name().toLowerCase(Locale.ROOT);
    String refined = plan.refinement().isPresent() ? " refined by dsnot" : "";
    return plan.method().label() + refined + ", " + plan.pattern().text() + scope;
  }

  /** For programs. */
  public static String json(PruneResult result) {
    List<Row> rows =
        result.tensors().stream()
            .map(
                r ->
                    new Row(
                        r.name(),
                        r.rows(),
                        r.cols(),
                        r.kept(),
                        r.sparsity(),
                        r.maskSha256(),
                        Texts.orNull(r.zeros()),
                        Texts.orNull(r.reconError())))
            .toList();
    return Json.text(
        new Result(rows, result.skipped(), result.warnings(), result.inBytes(), result.outBytes()));
  }

  private record Result(
      List<Row> tensors,
      List<PruneResult.Skipped> skipped,
      List<String> warnings,
      long inBytes,
      long outBytes) {}

  private record Row(
      String name,
      int rows,
      int cols,
      long kept,
      double sparsity,
      String maskSha256,
      Double zeros,
      Double reconError) {}
}
