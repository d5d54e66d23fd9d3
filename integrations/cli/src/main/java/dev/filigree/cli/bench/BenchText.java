package dev.filigree.cli.bench;

import dev.filigree.gate.Copies;
import dev.filigree.gate.Gate;
import dev.filigree.gate.Ratio;
import dev.filigree.kernel.KernelSelection;
import dev.filigree.kernel.ValueType;
import dev.filigree.report.PlainText;
import dev.filigree.report.Report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The result for a terminal. */
final class BenchText {
  private final BenchResult result;
  private final StringBuilder out = new StringBuilder();

  private BenchText(BenchResult result) {
    this.result = result;
  }

  static String of(BenchResult result) {
    BenchText text = new BenchText(result);
    text.heading();
    text.out.append('\n').append(PlainText.table(text.table())).append('\n');
    text.notes();
    return text.out.toString();
  }

  private void heading() {
    LayerSpec s = result.spec();
    line(
        String.format(
            Locale.ROOT,
            "%s%d %s, %d inputs, batch %d, weights %s, %.0f %% of the %s, %s, seed %d",
            switch (s.op()) {
              case LINEAR -> "";
              case GATED_FFN -> "Gated feed-forward, ";
              case QKV -> "q, k and v of one input, each ";
            },
            s.rows(),
            s.op() == Op.GATED_FFN ? "hidden units" : "outputs",
            s.cols(),
            s.batch(),
            weights(s),
            100 * s.activationSparsity(),
            s.op() == Op.GATED_FFN ? "gates below the threshold" : "inputs zero",
            s.values().label(),
            s.seed()));
    line(
        String.format(
            Locale.ROOT,
            "JDK %s, %d thread%s on both sides, OpenMP policy %s, kernels: %s",
            System.getProperty("java.version"),
            result.threads(),
            result.threads() == 1 ? "" : "s",
            DefaultPolicy.current(),
            KernelSelection.description()));
    line(workingSet());
  }

  private static String weights(LayerSpec s) {
    return s.plan().map(p -> p.text()).orElse(s.pattern());
  }

  private String workingSet() {
    if (!result.spec().cold()) {
      return "Hot: one copy of the weights on each side, " + result.rotation().inputs() + " inputs";
    }
    BenchResult.Rotation r = result.rotation();
    return String.format(
        Locale.ROOT,
        "Cold: %d copies of DJL's weights (%s), %d of Filigree dense, %d of %s (%s); %d inputs",
        r.dense(),
        mebibytes(r.dense() * result.spec().denseBytes()),
        r.denseJava(),
        r.packed(),
        result.format(),
        mebibytes(r.packed() * result.work().packedBytes()),
        r.inputs());
  }

  private Table table() {
    BenchResult.Times t = result.times();
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("DJL dense", micros(t.dense()), "1", mebibytes(result.spec().denseBytes())));
    rows.add(
        List.of(
            "Filigree dense",
            micros(t.own()),
            times(result.denseJavaRatio()),
            mebibytes(result.spec().denseBytes())));
    rows.add(
        List.of(
            "Filigree " + result.format(),
            micros(t.packed()),
            times(result.ratio()),
            mebibytes(result.work().packedBytes())));
    for (Rival rival : result.rivals()) {
      rows.add(
          List.of(
              rival.name(),
              micros(rival.micros()),
              times(result.ratio(rival)),
              mebibytes(rival.bytes())));
    }
    return new Table(List.of("", "median", "speed against DJL (p10 to p90)", "weights"), rows);
  }

  private void notes() {
    BenchResult.Times t = result.times();
    if (DefaultPolicy.isAnother()) {
      line(
          String.format(
              Locale.ROOT,
              "DJL dense is the faster of %s here and %s under the default OpenMP settings, in a process of its own.",
              micros(t.djl()),
              micros(t.djlDefault())));
    }
    if (!result.forms().isEmpty()) {
      line(
          String.format(
              Locale.ROOT,
              "Fastest of %s in a first measurement.",
              result.forms().entrySet().stream()
                  .map(e -> e.getKey() + " " + micros(e.getValue()))
                  .collect(Collectors.joining(", "))));
    }
    if (result.rotation().limited()) {
      line("Memory did not suffice for 1 GiB of copies on each side: caches may have helped.");
    } else if (result.spec().cold() && mostCopies() == Copies.MOST) {
      line("The layer is so small that its copies do not fill 1 GiB: caches may have helped.");
    }
    speed();
    line(
        String.format(
            Locale.ROOT,
            "Packed weights have %.1f %% of the dense bytes. Outputs differ from dense by %.1e of the largest output at most%s.",
            100.0 * result.work().packedBytes() / result.spec().denseBytes(),
            result.errors().relative(),
            rounding()));
    rivals();
    line(
        String.format(
            Locale.ROOT,
            "The break-even gate would run %s: with 90 %% confidence it is above %.2fx of DJL and %.2fx of Filigree dense, and the gate asks for %.2f of both.",
            result.chosen(),
            result.ratio().lower90(),
            result.overOwn().lower90(),
            Gate.THRESHOLD));
  }

  /** How far from what the machine can do: bytes for one activation row, arithmetic for more. */
  private void speed() {
    line(
        result.spec().batch() == 1
            ? String.format(
                Locale.ROOT,
                "Weights read at %.1f GB/s, %.0f %% of the %.1f GB/s of a plain read of memory.",
                result.gbytesPerSecond(),
                100 * result.gbytesPerSecond() / result.machine().streamGbytesPerSecond(),
                result.machine().streamGbytesPerSecond())
            : String.format(
                Locale.ROOT,
                "%.1f GFLOP/s with the kept weights, %.0f %% of the %.1f of multiply-adds in registers; DJL dense computes at %.1f GFLOP/s.",
                result.gflops(),
                100 * result.gflops() / result.machine().gflops(),
                result.machine().gflops(),
                result.denseGflops()));
  }

  private String rounding() {
    return result.spec().values() == ValueType.F32
        ? ""
        : String.format(
            Locale.ROOT,
            "; the rounding of the weights to %s alone makes %.1e",
            result.spec().values().label(),
            result.rounding().relative());
  }

  private void rivals() {
    result.missing().forEach((name, reason) -> line("No " + name + " here: " + reason));
    String accuracy =
        result.rivals().stream()
            .map(r -> String.format(Locale.ROOT, "%s by %.1e", r.name(), r.errors().relative()))
            .collect(Collectors.joining(", "));
    line(
        "Fastest here: "
            + result.fastest()
            + (accuracy.isEmpty() ? "." : ". Of dense differ " + accuracy + "."));
  }

  private int mostCopies() {
    BenchResult.Rotation r = result.rotation();
    return Math.max(r.dense(), r.packed());
  }

  private void line(String text) {
    out.append(PlainText.wrap(text)).append('\n');
  }

  private static String times(Ratio r) {
    return String.format(Locale.ROOT, "%.2fx (%.2f to %.2f)", r.median(), r.p10(), r.p90());
  }

  private static String micros(double micros) {
    return micros >= 1000
        ? String.format(Locale.ROOT, "%.2f ms", micros / 1000)
        : String.format(Locale.ROOT, "%.1f us", micros);
  }

  private static String mebibytes(long bytes) {
    return bytes >= 1 << 20
        ? String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0)
        : String.format(Locale.ROOT, "%.1f KiB", bytes / 1024.0);
  }
}
