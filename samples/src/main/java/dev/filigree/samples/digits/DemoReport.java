package dev.filigree.samples.digits;

import dev.filigree.djl.LayerSummary;
import dev.filigree.report.Report;
import dev.filigree.report.Report.BarChart;
import dev.filigree.report.Report.Bars;
import dev.filigree.report.Report.Figure;
import dev.filigree.report.Report.Figures;
import dev.filigree.report.Report.Line;
import dev.filigree.report.Report.LineChart;
import dev.filigree.report.Report.Part;
import dev.filigree.report.Report.Section;
import dev.filigree.report.Report.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** The result as a page. */
final class DemoReport {
  private static final List<String> CURVES = List.of("dense", "sparse", "random mask");

  private final DemoResult result;

  DemoReport(DemoResult result) {
    this.result = result;
  }

  Report report() {
    List<Part> verdict = new ArrayList<>(List.of(figures()));
    verdict.addAll(new DemoWords(result).findings());
    verdict.add(DemoTables.models(result));
    verdict.add(
        new Text(
            "Speed against DJL is the paired ratio of times: median, and in brackets the 10th to"
                + " 90th percentile. The three models take turns in short blocks; a call goes"
                + " through Predictor, end to end. Filigree dense runs the dense weights on"
                + " Filigree's kernels: the difference between it and Filigree sparse is what"
                + " sparsity itself brings. OMP_WAIT_POLICY: "
                + Machine.ompPolicy()
                + "."));
    return new Report(
        "Digits, dense and sparse",
        DemoText.heading(result) + ". " + result.machine() + ".",
        List.of(
            new Section("What came out", verdict),
            new Section("Latency", latencies()),
            new Section(
                "Layers of the sparse model",
                List.of(
                    DemoTables.layers(result),
                    new Text(
                        "For every layer and batch size the gate measured the packed forms against"
                            + " DJL's dense layer on this machine, alone and in a loop, and kept"
                            + " the faster one."),
                    sparsities())),
            new Section(
                "Training",
                List.of(
                    lines("Loss of the batch over steps", "cross entropy, nats", Curve.Point::loss),
                    lines(
                        "Zero weights over steps, whole model, %",
                        "%", point -> 100 * point.sparsity()),
                    new Text(
                        "The random mask is the control: trained in the same way, but the weights"
                            + " it keeps are chosen at random. A criterion is worth something only"
                            + " where it beats that.")))));
  }

  private Figures figures() {
    Timing one = result.timings().get(0);
    return new Figures(
        List.of(
            new Figure(
                DemoTables.percent(result.sparse().accuracy(), 2),
                "accuracy, sparse",
                "dense " + DemoTables.percent(result.dense().accuracy(), 2)),
            new Figure(
                DemoTables.micros(one.sparseMicros()),
                "latency at batch 1, sparse",
                "DJL dense " + DemoTables.micros(one.denseMicros())),
            new Figure(
                String.format(Locale.ROOT, "%.2fx", one.sparsity().median()),
                "from sparsity itself",
                String.format(Locale.ROOT, "%.2fx in all", one.total().median())),
            new Figure(
                String.format(Locale.ROOT, "%.1f MB", result.sparse().bytes() / 1e6),
                "packed file",
                String.format(Locale.ROOT, "DJL dense %.1f MB", result.dense().bytes() / 1e6))));
  }

  private List<Part> latencies() {
    List<Part> out = new ArrayList<>();
    for (Timing t : result.timings()) {
      out.add(
          new BarChart(
              "Microseconds per call at batch " + t.batch() + ", lower is better",
              "us",
              List.of("DJL dense", "Filigree dense", "Filigree sparse"),
              List.of(
                  new Bars(
                      "batch " + t.batch(),
                      List.of(t.denseMicros(), t.denseJavaMicros(), t.sparseMicros())))));
    }
    return out;
  }

  private BarChart sparsities() {
    List<LayerSummary> layers = result.layers();
    return new BarChart(
        "Zeros per layer, %",
        "%",
        layers.stream().map(LayerSummary::path).toList(),
        List.of(
            new Bars("zero weights", layers.stream().map(l -> 100 * l.sparsity()).toList()),
            new Bars(
                "inputs skipped",
                layers.stream().map(l -> 100 * l.activationSparsity()).toList())));
  }

  private LineChart lines(String title, String unit, ToDoubleFunction<Curve.Point> value) {
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < CURVES.size(); i++) {
      List<Curve.Point> points = result.curves().get(i).points();
      lines.add(
          new Line(
              CURVES.get(i),
              points.stream().map(p -> (double) p.step()).toList(),
              points.stream().map(value::applyAsDouble).toList()));
    }
    return new LineChart(title, "step", unit, lines);
  }
}
