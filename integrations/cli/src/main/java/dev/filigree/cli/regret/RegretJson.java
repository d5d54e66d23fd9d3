package dev.filigree.cli.regret;

import dev.filigree.cli.bench.DefaultPolicy;
import dev.filigree.cli.bench.LayerSpec;
import dev.filigree.kernel.KernelSelection;
import dev.filigree.kernel.Workers;
import dev.filigree.report.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The JSON of {@code bench --regret}; component names in snake case are its keys. */
record RegretJson(
    int cases,
    int sparseChosen,
    int below,
    int clear,
    double clearShare,
    double meanRegret,
    double seconds,
    String kernel,
    int threads,
    String ompPolicy,
    String jdk,
    List<Case> layers) {

  /** One layer. */
  record Case(
      int rows,
      int cols,
      int batch,
      String pattern,
      double sparsity,
      double activationSparsity,
      String chosen,
      double gateRatio,
      double gateSeconds,
      double denseUs,
      double ratio,
      String best,
      double bestRatio,
      double bestSparseRatio,
      double regret,
      Map<String, Double> ratios) {}

  static String of(RegretResult r) {
    return Json.text(
        new RegretJson(
            r.outcomes().size(),
            r.leaving().size(),
            r.slower().size(),
            r.clear().size(),
            r.clearShare(),
            r.meanRegret(),
            r.seconds(),
            KernelSelection.description(),
            Workers.shared().threads(),
            DefaultPolicy.current(),
            System.getProperty("java.version"),
            r.outcomes().stream().map(RegretJson::of).toList()));
  }

  private static Case of(Outcome o) {
    LayerSpec layer = o.layer();
    Map<String, Double> ratios = new LinkedHashMap<>();
    o.second().forEach((form, ratio) -> ratios.put(form, ratio.median()));
    return new Case(
        layer.rows(),
        layer.cols(),
        layer.batch(),
        layer.pattern(),
        layer.sparsity(),
        layer.activationSparsity(),
        o.gate().form(),
        o.gate().ratio(),
        o.gate().seconds(),
        o.djlMicros(),
        o.chosenRatio(),
        o.best(),
        o.ratio(o.best()),
        o.bestSparseRatio(),
        o.regret(),
        ratios);
  }
}
