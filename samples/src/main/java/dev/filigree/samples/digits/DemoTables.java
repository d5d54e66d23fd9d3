package dev.filigree.samples.digits;

import dev.filigree.djl.LayerSummary;
import dev.filigree.report.Report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The two tables that terminal and HTML report share. */
final class DemoTables {
  private DemoTables() {}

  /** The three models side by side. */
  static Table models(DemoResult r) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "accuracy, test",
            percent(r.dense().accuracy(), 2),
            percent(r.denseJava().accuracy(), 2),
            percent(r.sparse().accuracy(), 2)));
    rows.add(
        List.of(
            "bytes on disk",
            bytes(r.dense().bytes()),
            bytes(r.denseJava().bytes()),
            bytes(r.sparse().bytes())));
    for (Timing t : r.timings()) {
      rows.add(
          List.of(
              "latency, batch " + t.batch(),
              micros(t.denseMicros()),
              micros(t.denseJavaMicros()),
              micros(t.sparseMicros())));
      rows.add(List.of("speed against DJL", "1", t.kernels().times(), t.total().times()));
    }
    return new Table(List.of("", "DJL dense", "Filigree dense", "Filigree sparse"), rows);
  }

  /** What each layer of the sparse model was asked, what it does, and why. */
  static Table layers(DemoResult r) {
    List<List<String>> rows = new ArrayList<>();
    for (LayerSummary l : r.layers()) {
      rows.add(
          List.of(
              l.path(),
              l.rows() + " x " + l.cols(),
              l.plan().isEmpty() ? "-" : l.plan(),
              percent(l.sparsity(), 1),
              Double.isNaN(l.activationSparsity()) ? "-" : percent(l.activationSparsity(), 1),
              bytes(l.packedBytes()),
              verdict(l, Demo.BATCHES.get(0)),
              verdict(l, Demo.BATCHES.get(1)),
              why(l).isEmpty() ? "-" : why(l)));
    }
    return new Table(
        List.of(
            "layer",
            "out x in",
            "declared",
            "zero weights",
            "inputs skipped",
            "bytes",
            "batch " + Demo.BATCHES.get(0) + " runs",
            "batch " + Demo.BATCHES.get(1) + " runs",
            "why dense"),
        rows);
  }

  /** Why a layer runs dense, or runs dense at some batch size; empty where it never does. */
  static String why(LayerSummary layer) {
    if (!layer.reason().isEmpty()) {
      return layer.reason();
    }
    if (layer.plan().isEmpty()) {
      return "nothing declared";
    }
    List<String> lost =
        layer.verdicts().stream()
            .filter(v -> v.chosen().equals("dense"))
            .map(DemoTables::lost)
            .toList();
    return lost.isEmpty()
        ? ""
        : "packed was not reliably faster at batch " + String.join(" and ", lost);
  }

  private static String lost(LayerSummary.Verdict v) {
    boolean known = v.breakEven() > 0 && v.breakEven() < 1;
    return v.batch() + (known ? " (might be above " + percent(v.breakEven(), 0) + " zeros)" : "");
  }

  private static String verdict(LayerSummary layer, int batch) {
    for (LayerSummary.Verdict v : layer.verdicts()) {
      if (v.batch() == batch) {
        String ratio = new Spread(v.ratio(), v.p10(), v.p90()).times();
        return v.chosen().equals("dense") ? "dense; packed " + ratio : v.chosen() + " " + ratio;
      }
    }
    return layer.format();
  }

  static String percent(double share, int decimals) {
    return String.format(Locale.ROOT, "%." + decimals + "f %%", 100 * share);
  }

  static String bytes(long bytes) {
    return String.format(Locale.ROOT, "%,d", bytes);
  }

  static String micros(double micros) {
    return micros < 1000
        ? String.format(Locale.ROOT, "%.0f us", micros)
        : String.format(Locale.ROOT, "%.2f ms", micros / 1000);
  }
}
