package dev.filigree.cli.bench;

import dev.filigree.gate.Ratio;
import dev.filigree.kernel.KernelSelection;
import java.util.List;
import java.util.Map;

/** The JSON of {@code bench}; component names in snake case are its keys. */
record BenchJson(
    String op,
    int rows,
    int cols,
    int batch,
    String pattern,
    double sparsity,
    double activationSparsity,
    double denseUs,
    double denseJavaUs,
    double sparseUs,
    double ratio,
    double ratioP10,
    double ratioP90,
    double ratioLower90,
    int rounds,
    double denseJavaRatio,
    double ratioToDenseJava,
    double ratioToDenseJavaLower90,
    String chosen,
    String format,
    String values,
    String kernel,
    int threads,
    String workingSet,
    String ompPolicy,
    double denseCurrentUs,
    double denseDefaultUs,
    double gbytesPerS,
    double streamGbytesPerS,
    double gflops,
    double denseGflops,
    double peakGflops,
    long packedBytes,
    long denseBytes,
    double maxAbsErr,
    double maxRelErr,
    double roundingAbsErr,
    double roundingRelErr,
    List<RivalJson> rivals,
    Map<String, String> missingRivals,
    String fastest,
    Map<String, Double> formsUs,
    int denseCopies,
    int denseJavaCopies,
    int sparseCopies,
    int inputs,
    boolean limitedByMemory,
    long seed,
    String jdk) {

  /** Another form of libtorch. */
  record RivalJson(
      String name,
      double us,
      double ratio,
      double ratioP10,
      double ratioP90,
      long bytes,
      double maxAbsErr,
      double maxRelErr) {}

  static BenchJson of(BenchResult r) {
    LayerSpec spec = r.spec();
    Ratio ratio = r.ratio();
    BenchResult.Times times = r.times();
    BenchResult.Rotation rotation = r.rotation();
    return new BenchJson(
        spec.op().label(),
        spec.rows(),
        spec.cols(),
        spec.batch(),
        spec.pattern(),
        spec.sparsity(),
        spec.activationSparsity(),
        times.dense(),
        times.own(),
        times.packed(),
        ratio.median(),
        ratio.p10(),
        ratio.p90(),
        ratio.lower90(),
        ratio.rounds(),
        r.denseJavaRatio().median(),
        r.overOwn().median(),
        r.overOwn().lower90(),
        r.chosen(),
        r.format(),
        spec.values().label(),
        KernelSelection.description(),
        r.threads(),
        spec.workingSet(),
        DefaultPolicy.current(),
        times.djl(),
        DefaultPolicy.isAnother() ? times.djlDefault() : times.djl(),
        r.gbytesPerSecond(),
        r.machine().streamGbytesPerSecond(),
        r.gflops(),
        r.denseGflops(),
        r.machine().gflops(),
        r.work().packedBytes(),
        spec.denseBytes(),
        r.errors().absolute(),
        r.errors().relative(),
        r.rounding().absolute(),
        r.rounding().relative(),
        r.rivals().stream().map(rival -> of(r, rival)).toList(),
        r.missing(),
        r.fastest(),
        r.forms(),
        rotation.dense(),
        rotation.denseJava(),
        rotation.packed(),
        rotation.inputs(),
        rotation.limited(),
        spec.seed(),
        System.getProperty("java.version"));
  }

  private static RivalJson of(BenchResult r, Rival rival) {
    Ratio ratio = r.ratio(rival);
    return new RivalJson(
        rival.name(),
        rival.micros(),
        ratio.median(),
        ratio.p10(),
        ratio.p90(),
        rival.bytes(),
        rival.errors().absolute(),
        rival.errors().relative());
  }
}
