package dev.filigree.djl.prune;

import dev.filigree.report.HtmlReport;
import dev.filigree.report.Json;
import dev.filigree.report.Report;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Harm against sparsity.
 *
 * @param method label of the method
 * @param pattern of the masks
 * @param fitness of the dense model, lower is better
 * @param unit what the fitness is, for people
 * @param tolerance how much worse the fitness may be at the essential sparsity
 * @param layers each pruned alone, in the order of the model
 * @param all every layer pruned at the same sparsity
 */
public record SensitivityReport(
    String method,
    String pattern,
    double fitness,
    String unit,
    double tolerance,
    List<Curve> layers,
    Curve all) {

  /** Where to look unless said otherwise. */
  public static final List<Double> SPARSITIES =
      List.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95);

  /** How much worse is still no drop unless said otherwise: 0.01, one point of an error rate. */
  public static final double TOLERANCE = 0.01;

  /**
   * One layer, or all.
   *
   * @param path of the layer, or {@code all layers}
   * @param weights how many it has
   * @param sparsities looked at, ascending
   * @param errors relative reconstruction error ||X (W - W')^T||^2 / ||X W^T||^2 at each; NaN where
   *     the layer's inputs were not seen, and for all layers
   * @param fitness of the model at each
   * @param essential the largest sparsity up to which the fitness is never worse than the dense
   *     model's by more than the tolerance; 0 where the first one is
   */
  public record Curve(
      String path,
      long weights,
      List<Double> sparsities,
      List<Double> errors,
      List<Double> fitness,
      double essential) {}

  /** The same with another tolerance. */
  public SensitivityReport withTolerance(double other) {
    return new SensitivityReport(
        method,
        pattern,
        fitness,
        unit,
        other,
        layers.stream().map(c -> at(c, other)).toList(),
        at(all, other));
  }

  private Curve at(Curve c, double limit) {
    return new Curve(
        c.path(),
        c.weights(),
        c.sparsities(),
        c.errors(),
        c.fitness(),
        essential(c.sparsities(), c.fitness(), fitness + limit));
  }

  static double essential(List<Double> sparsities, List<Double> fitness, double limit) {
    double essential = 0;
    for (int i = 0; i < sparsities.size() && fitness.get(i) <= limit; i++) {
      essential = sparsities.get(i);
    }
    return essential;
  }

  /** A table for people: the fitness at each sparsity, and the essential sparsity. */
  public String text() {
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "%s, %s: %s; dense %.4f; essential = worse by at most %s%n",
            method,
            pattern,
            unit,
            fitness,
            tolerance));
    out.append(String.format("%-24s %9s", "layer", "essential"));
    all.sparsities().forEach(s -> out.append(String.format(Locale.ROOT, " %8.2f", s)));
    out.append(String.format("%n"));
    for (Curve c : curves()) {
      out.append(String.format(Locale.ROOT, "%-24s %9.2f", c.path(), c.essential()));
      c.fitness().forEach(f -> out.append(String.format(Locale.ROOT, " %8.4f", f)));
      out.append(String.format("%n"));
    }
    return out.toString();
  }

  private List<Curve> curves() {
    List<Curve> curves = new ArrayList<>(layers);
    curves.add(all);
    return curves;
  }

  /** Everything as JSON. */
  public String json() {
    return Json.text(this);
  }

  /** A page with tables and plots that needs nothing else. */
  public String html() {
    List<Report.Line> fitnessLines = new ArrayList<>();
    List<Report.Line> errorLines = new ArrayList<>();
    List<List<String>> rows = new ArrayList<>();
    for (Curve c : curves()) {
      fitnessLines.add(new Report.Line(c.path(), c.sparsities(), c.fitness()));
      if (c.errors().stream().anyMatch(Double::isFinite)) {
        errorLines.add(new Report.Line(c.path(), c.sparsities(), c.errors()));
      }
      for (int i = 0; i < c.sparsities().size(); i++) {
        rows.add(
            List.of(
                c.path(),
                String.format(Locale.ROOT, "%,d", c.weights()),
                String.valueOf(c.sparsities().get(i)),
                number(c.errors().get(i)),
                number(c.fitness().get(i)),
                c.sparsities().get(i) == c.essential() ? "essential" : ""));
      }
    }
    List<Report.Part> parts = new ArrayList<>();
    parts.add(new Report.LineChart("Fitness", "sparsity", unit, fitnessLines));
    if (!errorLines.isEmpty()) {
      parts.add(
          new Report.LineChart("Relative reconstruction error", "sparsity", "error", errorLines));
    }
    parts.add(
        new Report.Table(List.of("layer", "weights", "sparsity", "error", unit, "drop"), rows));
    String what =
        String.format(
            Locale.ROOT,
            "Dense: %.4f. Essential is the largest sparsity up to which the model is worse by at most %s.",
            fitness,
            tolerance);
    parts.add(0, new Report.Text(what));
    return HtmlReport.render(
        new Report(
            "Sensitivity to sparsity",
            method + ", " + pattern,
            List.of(new Report.Section("Layers pruned alone, and all together", parts))));
  }

  private static String number(double v) {
    return Double.isFinite(v) ? String.format(Locale.ROOT, "%.5f", v) : "-";
  }
}
