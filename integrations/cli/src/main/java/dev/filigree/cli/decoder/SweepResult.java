package dev.filigree.cli.decoder;

import dev.filigree.decoder.evaluate.DenseComparison;
import dev.filigree.decoder.evaluate.PerplexityRise;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.sparsity.SparsitySpec;
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
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * What {@code eval --sweep} found; the components are the keys of its JSON.
 *
 * @param sweep every setting, the first without skipped activations
 * @param pplRise PPL-p% sparsity of every method
 * @param tokens predicted under each setting
 * @param overlap share of the 13-id windows that calibration data hold as well, null without any
 * @param windows how a text was cut, null for ids
 * @param warnings that were shown
 * @param title the model
 */
public record SweepResult(
    List<Row> sweep,
    List<Rise> pplRise,
    long tokens,
    Double overlap,
    EvalResult.Windows windows,
    List<String> warnings,
    String title) {

  /**
   * One setting.
   *
   * @param method of activation sparsity, {@code none} for the first
   * @param sparsity asked for; 0 for relu
   * @param threshold of relu, null for others
   * @param nll mean negative log likelihood, nats per token
   * @param nllLow lower end of its 95 % interval, NaN where there is one sequence
   * @param nllHigh upper end
   * @param ppl exp(nll)
   * @param agreement share of positions where the dense model predicts the same id
   * @param kl mean KL(dense || this), nats
   * @param activationSparsity realised, over all sparsified inputs
   * @param weightBytesPerToken read by one decoded token
   * @param decodeTokensPerS one token at a time
   */
  record Row(
      String method,
      double sparsity,
      Double threshold,
      double nll,
      double nllLow,
      double nllHigh,
      double ppl,
      double agreement,
      double kl,
      double activationSparsity,
      WeightBytes weightBytesPerToken,
      double decodeTokensPerS) {

    static Row of(
        SparsitySpec.Activation setting, EvalRun.Point point, DenseComparison against, long seed) {
      double[] interval = point.loss().interval(seed);
      return new Row(
          setting.method().label(),
          setting.sparsity(),
          setting.method() == Method.RELU ? setting.threshold() : null,
          point.loss().nll(),
          interval[0],
          interval[1],
          Math.exp(point.loss().nll()),
          against.agreement(),
          against.kl(),
          point.loss().activationSparsity(),
          point.decoding().bytes(),
          point.decoding().tokensPerSecond());
    }

    /** Where it stands on a curve: relu is asked for a threshold, and its sparsity is found. */
    private double amount() {
      return threshold == null ? sparsity : activationSparsity;
    }

    private String text() {
      if (method.equals(Method.NONE.label())) {
        return "all activations";
      }
      return threshold == null
          ? method + " " + sparsity
          : threshold == 0 ? method : method + " " + threshold;
    }
  }

  /**
   * The sparsity at which perplexity has risen.
   *
   * @param percent above the first setting
   * @param sparsity interpolated, null where no setting of the method reaches it
   * @param highest sparsity that was measured
   */
  record Rise(String method, double percent, Double sparsity, double highest) {}

  static SweepResult of(
      String title, List<Row> rows, double percent, EvalRun.Data data, List<String> warnings) {
    List<Rise> rises = new ArrayList<>();
    byMethod(rows, Row::amount, Row::ppl)
        .forEach(
            (method, curve) -> {
              OptionalDouble at = PerplexityRise.sparsity(rows.get(0).ppl(), curve, percent);
              Double found = at.isPresent() ? at.getAsDouble() : null;
              rises.add(new Rise(method, percent, found, curve.lastKey()));
            });
    long tokens = data.sequences().stream().mapToLong(s -> s.length - 1L).sum();
    return new SweepResult(
        List.copyOf(rows), rises, tokens, data.overlap(), data.windows(), warnings, title);
  }

  private static Map<String, TreeMap<Double, Double>> byMethod(
      List<Row> rows, ToDoubleFunction<Row> x, ToDoubleFunction<Row> y) {
    Map<String, TreeMap<Double, Double>> curves = new LinkedHashMap<>();
    rows.stream()
        .filter(r -> !r.method().equals(Method.NONE.label()))
        .forEach(
            r ->
                curves
                    .computeIfAbsent(r.method(), m -> new TreeMap<>())
                    .put(x.applyAsDouble(r), y.applyAsDouble(r)));
    return curves;
  }

  /** For programs. */
  public String json() {
    return Json.text(this);
  }

  /** For people. */
  public String text() {
    StringBuilder out = new StringBuilder(title).append('\n');
    List<List<String>> cells = new ArrayList<>();
    for (Row r : sweep) {
      cells.add(
          List.of(
              r.text(),
              format("%.4f (%.3f to %.3f)", r.nll(), r.nllLow(), r.nllHigh()),
              format("%.3f", r.ppl()),
              format("%.3f", r.agreement()),
              format("%.4f", r.kl()),
              format("%.3f", r.activationSparsity()),
              format("%,d", r.weightBytesPerToken().realised()),
              format("%,.1f", r.decodeTokensPerS())));
    }
    out.append(
        PlainText.table(
            new Table(
                List.of(
                    "setting",
                    "loss (95 % interval)",
                    "perplexity",
                    "as dense",
                    "KL",
                    "skipped",
                    "bytes per token",
                    "tokens/s"),
                cells)));
    for (Rise r : pplRise) {
      out.append(
          r.sparsity() == null
              ? format(
                  "%s: perplexity stays below %s %% more up to sparsity %s, the highest measured%n",
                  r.method(), r.percent(), Math.round(1000 * r.highest()) / 1000.0)
              : format(
                  "%s: perplexity is %s %% higher at sparsity %.3f%n",
                  r.method(), r.percent(), r.sparsity()));
    }
    return out.toString();
  }

  @SuppressWarnings("AnnotateFormatMethod")
  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  /** Loss against the weights a token reads, and against speed, one picture below the other. */
  public String svg() {
    return SvgPlot.stacked(
        List.of(
            chart(
                "bytes of weights read per token, millions",
                r -> r.weightBytesPerToken().realised() / 1e6),
            chart("tokens per second, one at a time", Row::decodeTokensPerS)),
        sweep.get(0).nll());
  }

  private LineChart chart(String x, ToDoubleFunction<Row> value) {
    List<Line> lines = new ArrayList<>();
    byMethod(sweep, value, Row::nll)
        .forEach(
            (method, curve) ->
                lines.add(
                    new Line(method, List.copyOf(curve.keySet()), List.copyOf(curve.values()))));
    return new LineChart(title, x, "loss, nats per token; dashed: all activations", lines);
  }
}
