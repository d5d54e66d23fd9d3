package dev.filigree.cli.decoder;

import dev.filigree.decoder.evaluate.DenseComparison;
import dev.filigree.decoder.evaluate.Loss;
import dev.filigree.report.Json;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What {@code eval} found; the components are the keys of its JSON.
 *
 * @param nll mean negative log likelihood per predicted token, nats
 * @param nllLow lower end of its 95 % interval, NaN where there is one sequence
 * @param nllHigh upper end
 * @param ppl exp(nll)
 * @param tokens predicted
 * @param agreement share of positions where the dense model predicts the same id, null where they
 *     were not compared
 * @param kl mean KL(dense || this), nats, null likewise
 * @param klLow lower end of its 95 % interval
 * @param klHigh upper end
 * @param weightSparsity over the seven projections of all blocks
 * @param activationSparsity realised, over all sparsified inputs
 * @param prefillTokensPerS whole sequences
 * @param decodeTokensPerS one token at a time
 * @param weightBytesPerToken read by one decoded token
 * @param peakRssBytes of the process before the comparison, null where the system does not say
 * @param values type of stored weights
 * @param overlap share of the 13-id windows that calibration data hold as well, null without any
 * @param windows how a text was cut, null for ids
 * @param thresholds by layer and projection, null where there are none
 * @param masks digests by tensor
 * @param warnings that were shown
 * @param title the model and its settings
 */
public record EvalResult(
    double nll,
    double nllLow,
    double nllHigh,
    double ppl,
    long tokens,
    Double agreement,
    Double kl,
    Double klLow,
    Double klHigh,
    double weightSparsity,
    double activationSparsity,
    double prefillTokensPerS,
    double decodeTokensPerS,
    WeightBytes weightBytesPerToken,
    Long peakRssBytes,
    String values,
    Double overlap,
    Windows windows,
    Map<String, Float> thresholds,
    Map<String, String> masks,
    List<String> warnings,
    String title) {

  /**
   * How a text was cut.
   *
   * @param ids of a window, the one in front included
   * @param count of windows; they do not overlap, the last partial one is dropped
   * @param bos the id in front of each, -1 for none
   */
  record Windows(int ids, int count, int bos) {}

  static EvalResult of(
      DecoderSpec spec,
      PreparedDecoder model,
      EvalRun.Point point,
      EvalRun.Data data,
      Long peak,
      DenseComparison against) {
    Loss loss = point.loss();
    double[] interval = loss.interval(spec.seed());
    double[] spread = against == null ? null : against.klInterval(spec.seed());
    return new EvalResult(
        loss.nll(),
        interval[0],
        interval[1],
        Math.exp(loss.nll()),
        loss.tokens(),
        against == null ? null : against.agreement(),
        against == null ? null : against.kl(),
        against == null ? null : spread[0],
        against == null ? null : spread[1],
        model.weightSparsity(),
        loss.activationSparsity(),
        loss.tokensPerSecond(),
        point.decoding().tokensPerSecond(),
        point.decoding().bytes(),
        peak,
        model.packed().values().label(),
        data.overlap(),
        data.windows(),
        model.thresholds(),
        model.masks(),
        model.warnings(),
        spec.title(model));
  }

  /** For programs. */
  public String json() {
    return Json.text(this);
  }

  /** For people. */
  public String text() {
    StringBuilder out = new StringBuilder(title).append('\n');
    if (windows != null) {
      line(
          out,
          "windows",
          "%,d of %,d ids, not overlapping, %s",
          windows.count(),
          windows.ids(),
          windows.bos() < 0 ? "no id in front" : "id " + windows.bos() + " in front");
    }
    line(out, "loss", "%.5f nats per token (95 %% interval %.4f to %.4f)", nll, nllLow, nllHigh);
    line(out, "perplexity", "%.3f over %,d tokens", ppl, tokens);
    if (agreement != null) {
      line(out, "agrees with dense", "%.4f of the positions", agreement);
      line(
          out,
          "KL from dense",
          "%.5f nats per token (95 %% interval %.4f to %.4f)",
          kl,
          klLow,
          klHigh);
    }
    line(out, "weight sparsity", "%.4f", weightSparsity);
    line(out, "activation sparsity", "%.4f", activationSparsity);
    line(
        out,
        "weights read per token",
        "%,d of %,d bytes",
        weightBytesPerToken.realised(),
        weightBytesPerToken.dense());
    line(
        out,
        "tokens per second",
        "%,.1f together, %,.1f one at a time",
        prefillTokensPerS,
        decodeTokensPerS);
    if (overlap != null) {
      line(out, "overlap", "%.4f of the 13-id windows are in the calibration data", overlap);
    }
    if (peakRssBytes != null) {
      line(out, "peak memory", "%,d bytes", peakRssBytes);
    }
    return out.toString();
  }

  @SuppressWarnings("AnnotateFormatMethod")
  static void line(StringBuilder out, String name, String format, Object... values) {
    out.append(String.format(Locale.ROOT, "  %-24s", name))
        .append(String.format(Locale.ROOT, format, values))
        .append('\n');
  }
}
