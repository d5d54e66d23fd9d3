package dev.filigree.cli.decoder;

import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.gate.Ratio;
import dev.filigree.gate.Timing;
import dev.filigree.report.Json;
import dev.filigree.report.PlainText;
import dev.filigree.report.Report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What {@code compare} found; the components are the keys of its JSON.
 *
 * @param title the model and how it was measured
 * @param settings in the order they were given
 * @param streamGbytesPerS a plain read of memory with the same number of threads
 */
public record CompareResult(String title, List<Row> settings, double streamGbytesPerS) {

  /**
   * One setting.
   *
   * @param setting its text
   * @param tokensPerS decoded one at a time, median over the rounds
   * @param prefillTokensPerS of the prompt, median
   * @param toFirst how many times faster than the first setting
   * @param dense the setting of the same type of weights that skips nothing, null without one
   * @param toDense how many times faster than that, null without one
   * @param weightBytesPerToken read by one decoded token
   * @param gbytesPerS of those
   */
  record Row(
      String setting,
      double tokensPerS,
      double prefillTokensPerS,
      Ratio toFirst,
      String dense,
      Ratio toDense,
      WeightBytes weightBytesPerToken,
      double gbytesPerS) {}

  static CompareResult of(
      String title,
      List<CompareSetting> settings,
      List<WeightBytes> bytes,
      Timing decode,
      Timing prompts,
      double stream) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < settings.size(); i++) {
      int dense = dense(settings, settings.get(i));
      double perSecond = 1e6 / decode.medianMicros(i);
      rows.add(
          new Row(
              settings.get(i).text(),
              perSecond,
              1e6 / prompts.medianMicros(i),
              decode.ratio(0, i),
              dense < 0 ? null : settings.get(dense).text(),
              dense < 0 ? null : decode.ratio(dense, i),
              bytes.get(i),
              bytes.get(i).realised() * perSecond / 1e9));
    }
    return new CompareResult(title, List.copyOf(rows), stream);
  }

  private static int dense(List<CompareSetting> settings, CompareSetting of) {
    for (int i = 0; i < settings.size(); i++) {
      if (settings.get(i).values() == of.values() && settings.get(i).method() == Method.NONE) {
        return i;
      }
    }
    return -1;
  }

  /** For programs. */
  public String json() {
    return Json.text(this);
  }

  /** For people. */
  public String text() {
    List<List<String>> cells = new ArrayList<>();
    for (Row r : settings) {
      cells.add(
          List.of(
              r.setting(),
              format("%,.1f", r.tokensPerS()),
              ratio(r.toFirst()),
              r.toDense() == null ? "-" : ratio(r.toDense()),
              format("%,d", r.weightBytesPerToken().realised()),
              format("%.1f", r.gbytesPerS()),
              format("%.0f %%", 100 * r.gbytesPerS() / streamGbytesPerS),
              format("%,.0f", r.prefillTokensPerS())));
    }
    return title
        + "\n"
        + PlainText.table(
            new Table(
                List.of(
                    "setting",
                    "tokens/s",
                    "to " + settings.get(0).setting(),
                    "to dense of its type",
                    "bytes per token",
                    "GB/s",
                    "of plain read",
                    "prompt tokens/s"),
                cells))
        + format("plain read of memory: %.1f * 10^9 bytes per second%n", streamGbytesPerS);
  }

  private static String ratio(Ratio r) {
    return format("%.2f (%.2f to %.2f)", r.median(), r.p10(), r.p90());
  }

  @SuppressWarnings("AnnotateFormatMethod")
  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
