package dev.filigree.cli.bench;

import dev.filigree.report.Json;
import dev.filigree.report.PlainText;
import dev.filigree.report.Report.Line;
import dev.filigree.report.Report.LineChart;
import dev.filigree.report.Report.Table;
import dev.filigree.report.SvgPlot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Many layers, one after the other: which sparsity pays at which shape and batch size. */
public final class Grid {

  /**
   * What is measured: every shape with every batch size and every sparsity.
   *
   * @param shapes [outputs, inputs] each
   * @param batches activation rows of one call
   * @param sparsities fractions removed, ascending; null alone for patterns that say it themselves
   */
  public record Axes(List<int[]> shapes, List<Integer> batches, List<Double> sparsities) {
    /** How many measurements these are. */
    public int size() {
      return shapes.size() * batches.size() * sparsities.size();
    }
  }

  private final List<BenchResult> results;

  /** From what was measured, at least one result. */
  public Grid(List<BenchResult> results) {
    this.results = List.copyOf(results);
  }

  /** For a terminal. */
  public String text() {
    List<List<String>> rows = new ArrayList<>();
    for (BenchResult r : results) {
      LayerSpec s = r.spec();
      rows.add(
          List.of(
              s.rows() + " x " + s.cols(),
              Integer.toString(s.batch()),
              String.format(Locale.ROOT, "%.0f %%", 100 * s.sparsity()),
              r.format(),
              String.format(
                  Locale.ROOT,
                  "%.2fx (%.2f to %.2f)",
                  r.ratio().median(),
                  r.ratio().p10(),
                  r.ratio().p90()),
              String.format(Locale.ROOT, "%.2fx", r.overOwn().median()),
              r.chosen(),
              r.fastest()));
    }
    return PlainText.table(
        new Table(
            List.of(
                "out x in",
                "batch",
                "zeros",
                "form",
                "against DJL (p10 to p90)",
                "against our dense",
                "gate",
                "fastest of all"),
            rows));
  }

  /** For programs: what {@code bench} writes for each layer, in a list. */
  public String json() {
    return Json.text(Map.of("layers", results.stream().map(BenchJson::of).toList()));
  }

  /** Ratio to dense through DJL against sparsity, one line for each shape and batch size. */
  public String svg() {
    Map<String, TreeMap<Double, Double>> lines = new LinkedHashMap<>();
    for (BenchResult r : results) {
      LayerSpec s = r.spec();
      lines
          .computeIfAbsent(
              String.format(Locale.ROOT, "%d x %d, batch %d", s.rows(), s.cols(), s.batch()),
              name -> new TreeMap<>())
          .put(s.sparsity(), r.ratio().median());
    }
    List<Line> drawn = new ArrayList<>();
    lines.forEach(
        (name, points) ->
            drawn.add(new Line(name, List.copyOf(points.keySet()), List.copyOf(points.values()))));
    return SvgPlot.of(
        new LineChart(
            "Speed against dense through DJL, weights " + results.get(0).spec().pattern(),
            "fraction of the weights removed",
            "times as fast",
            drawn),
        1);
  }
}
