package dev.filigree.samples.digits;

import dev.filigree.report.PlainText;
import dev.filigree.report.Report.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** What {@link MethodComparison} measured; one value per trained model in every cell. */
final class MethodTable {
  private static final List<String> COLUMNS =
      List.of("pattern", "method", "accuracy", "loss", "worse than best", "output error", "time");

  /**
   * How good a model is.
   *
   * @param accuracy fraction of the test images
   * @param loss mean cross entropy on them, nats
   */
  record Quality(double accuracy, double loss) {}

  /**
   * One method on one model.
   *
   * @param quality after pruning
   * @param error squared difference of its scores from the dense model's over their squares
   * @param seconds the pruning took
   */
  record Cell(Quality quality, double error, double seconds) {}

  private final Map<MethodComparison.Target, Map<MethodComparison.Way, List<Cell>>> cells =
      new LinkedHashMap<>();
  private final List<Quality> dense = new ArrayList<>();
  private String source = "";

  void source(DigitData data) {
    source =
        String.format(
            Locale.ROOT,
            "%s: %,d to train, %,d to test",
            data.source(),
            data.train().size(),
            data.test().size());
  }

  void dense(Quality quality) {
    dense.add(quality);
  }

  void add(MethodComparison.Target target, MethodComparison.Way way, Cell cell) {
    cells
        .computeIfAbsent(target, t -> new LinkedHashMap<>())
        .computeIfAbsent(way, w -> new ArrayList<>())
        .add(cell);
  }

  /** The cells of a method under a pattern, one per model; empty where it is not defined. */
  List<Cell> cells(MethodComparison.Target target, MethodComparison.Way way) {
    return cells.getOrDefault(target, Map.of()).getOrDefault(way, List.of());
  }

  /** The table for people. */
  String text() {
    List<List<String>> rows = new ArrayList<>();
    cells.forEach(
        (target, ways) -> {
          MethodComparison.Way best = best(ways);
          ways.forEach((way, c) -> rows.add(row(target, way, c, best, ways.get(best))));
        });
    return source
        + String.format(
            Locale.ROOT,
            "%n%d models of 784-512-256-10, each trained once and pruned without training; dense:"
                + " %s %%, loss %s%n%n",
            dense.size(),
            spread(dense, q -> 100 * q.accuracy(), 2),
            spread(dense, Quality::loss, 4))
        + PlainText.table(new Table(COLUMNS, rows))
        + "\nMean of all models and standard deviation. \"worse than best\": in how many models the"
        + " loss is above that of the method with the lowest mean loss.\n"
        + "Output error: ||Y - Y'||^2 / ||Y||^2 of the scores Y of the test images, dense and pruned."
        + " Time: calibration and pruning, median.";
  }

  private static MethodComparison.Way best(Map<MethodComparison.Way, List<Cell>> ways) {
    MethodComparison.Way best = null;
    double least = Double.POSITIVE_INFINITY;
    for (Map.Entry<MethodComparison.Way, List<Cell>> e : ways.entrySet()) {
      double loss = e.getValue().stream().mapToDouble(c -> c.quality().loss()).average().orElse(0);
      if (loss < least) {
        least = loss;
        best = e.getKey();
      }
    }
    return best;
  }

  private static List<String> row(
      MethodComparison.Target target,
      MethodComparison.Way way,
      List<Cell> cells,
      MethodComparison.Way best,
      List<Cell> bestCells) {
    int worse = 0;
    for (int i = 0; i < cells.size(); i++) {
      worse += cells.get(i).quality().loss() > bestCells.get(i).quality().loss() ? 1 : 0;
    }
    return List.of(
        target.name(),
        way.name(),
        spread(cells, c -> 100 * c.quality().accuracy(), 2) + " %",
        spread(cells, c -> c.quality().loss(), 4),
        way.equals(best) ? "best" : worse + " of " + cells.size(),
        spread(cells, Cell::error, 4),
        String.format(
            Locale.ROOT,
            "%.0f ms",
            1000 * Spread.of(cells.stream().mapToDouble(Cell::seconds).toArray()).median()));
  }

  private static <T> String spread(List<T> values, ToDoubleFunction<T> of, int digits) {
    double mean = values.stream().mapToDouble(of).average().orElse(Double.NaN);
    double squares =
        values.stream().mapToDouble(v -> Math.pow(of.applyAsDouble(v) - mean, 2)).sum();
    double deviation = values.size() < 2 ? 0 : Math.sqrt(squares / (values.size() - 1));
    return Double.isNaN(mean)
        ? "-"
        : String.format(Locale.ROOT, "%." + digits + "f +- %." + digits + "f", mean, deviation);
  }
}
