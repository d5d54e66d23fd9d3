package dev.filigree.samples.digits;

import dev.filigree.djl.LayerSummary;
import java.util.List;

/** The demo's JSON; component names in snake case are its keys. */
record DemoJson(
    Model dense,
    Model denseJava,
    Model sparse,
    Control randomMask,
    List<Layer> layers,
    Ratio speedup,
    Ratio speedupBatch64,
    Ratio speedupFromKernels,
    Ratio speedupFromKernelsBatch64,
    Ratio speedupFromSparsity,
    Ratio speedupFromSparsityBatch64,
    double packedMaxRelErr,
    String data,
    int epochs,
    long seed,
    String machine,
    String ompPolicy,
    double seconds) {

  record Model(
      double accuracy,
      double validationAccuracy,
      long bytes,
      double latencyUs,
      double latencyUsBatch64) {}

  record Control(double accuracy, double validationAccuracy) {}

  record Ratio(double median, double p10, double p90) {}

  record Layer(
      String name,
      String pattern,
      double sparsity,
      String format,
      double ratio,
      String skippedReason,
      double ratioBatch64,
      double activationSparsity,
      long rows,
      long cols,
      long denseBytes,
      long packedBytes,
      List<LayerSummary.Verdict> verdicts) {}

  static DemoJson of(DemoResult r) {
    Timing one = r.timings().get(0);
    Timing many = r.timings().get(1);
    return new DemoJson(
        model(r.dense(), one.denseMicros(), many.denseMicros()),
        model(r.denseJava(), one.denseJavaMicros(), many.denseJavaMicros()),
        model(r.sparse(), one.sparseMicros(), many.sparseMicros()),
        new Control(r.randomMask().accuracy(), r.randomMask().validation()),
        r.layers().stream().map(DemoJson::layer).toList(),
        ratio(one.total()),
        ratio(many.total()),
        ratio(one.kernels()),
        ratio(many.kernels()),
        ratio(one.sparsity()),
        ratio(many.sparsity()),
        r.worstError(),
        r.source(),
        r.run().epochs(),
        r.run().seed(),
        r.machine(),
        Machine.ompPolicy(),
        r.seconds());
  }

  private static Model model(DemoResult.Side side, double micros, double microsBatch64) {
    return new Model(side.accuracy(), side.validation(), side.bytes(), micros, microsBatch64);
  }

  private static Ratio ratio(Spread spread) {
    return new Ratio(spread.median(), spread.p10(), spread.p90());
  }

  private static Layer layer(LayerSummary l) {
    return new Layer(
        l.path(),
        l.plan(),
        l.sparsity(),
        l.format(),
        ratio(l, Demo.BATCHES.get(0)),
        DemoTables.why(l),
        ratio(l, Demo.BATCHES.get(1)),
        l.activationSparsity(),
        l.rows(),
        l.cols(),
        l.denseBytes(),
        l.packedBytes(),
        l.verdicts());
  }

  private static double ratio(LayerSummary layer, int batch) {
    return layer.verdicts().stream()
        .filter(v -> v.batch() == batch)
        .mapToDouble(LayerSummary.Verdict::ratio)
        .findFirst()
        .orElse(Double.NaN);
  }
}
