package dev.filigree.cli.decoder;

import dev.filigree.decoder.generate.Generator;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.LayerSparsity;
import dev.filigree.report.Json;
import java.util.List;

/**
 * What {@code generate} made; the components are the keys of its JSON.
 *
 * @param ids the new tokens
 * @param text those, decoded; null without a tokenizer
 * @param promptTokens tokens of the prompt
 * @param tokensPerS of tokens fed one at a time, NaN where there were none
 * @param prefillTokensPerS of the prompt
 * @param weightBytesPerToken read by one decoded token
 * @param activationSparsity realised while decoding
 * @param layerSparsity planned against realised by block, empty where nothing is skipped
 * @param returnedToDense whether a lasting shortfall ended the skipping
 * @param packedBytes of all stored weights
 * @param cacheBytes of keys and values
 * @param peakRssBytes of the process, null where the system does not say
 * @param warmUpSeconds what ran before the measurement took, null where nothing did: then the speed
 *     of the prompt includes the time the JVM took to compile
 * @param rssBytes at the end, null where the system does not say
 * @param values type of stored weights
 * @param warnings that were shown
 * @param title the model and its settings
 */
public record GenerateResult(
    List<Integer> ids,
    String text,
    int promptTokens,
    double tokensPerS,
    double prefillTokensPerS,
    WeightBytes weightBytesPerToken,
    double activationSparsity,
    List<LayerSparsity> layerSparsity,
    boolean returnedToDense,
    long packedBytes,
    long cacheBytes,
    Long peakRssBytes,
    Double warmUpSeconds,
    Long rssBytes,
    String values,
    List<String> warnings,
    String title) {

  static GenerateResult of(
      DecoderSpec spec,
      PreparedDecoder model,
      Generator.Result result,
      int promptTokens,
      String text,
      Double warmUpSeconds) {
    return new GenerateResult(
        result.ids(),
        text,
        promptTokens,
        result.decodeTokensPerSecond(),
        result.prefillTokensPerSecond(),
        new WeightBytes(
            model.packed().denseBytesPerToken(),
            model.packed().realisedBytesPerToken(result.session().counts(), model.activation())),
        result.session().counts().sparsity(),
        model.activation().method() == ActivationSetting.Method.NONE
            ? List.of()
            : result.session().layerSparsity(),
        result.session().hasReturnedToDense(),
        model.packed().bytes(),
        result.session().cacheBytes(),
        Memory.peakResidentBytes(),
        warmUpSeconds,
        Memory.residentBytes(),
        model.packed().values().label(),
        model.warnings(),
        spec.title(model));
  }

  /** For programs. */
  public String json() {
    return Json.text(this);
  }

  /** For people: what is said after the text. */
  public String summary() {
    StringBuilder out = new StringBuilder(title).append('\n');
    EvalResult.line(
        out,
        "tokens per second",
        "%,.1f one at a time (%,d new), %,.1f of the prompt (%,d)",
        tokensPerS,
        ids.size(),
        prefillTokensPerS,
        promptTokens);
    EvalResult.line(
        out,
        "weights read per token",
        "%,d of %,d bytes (%.1f * 10^9 bytes per second)",
        weightBytesPerToken.realised(),
        weightBytesPerToken.dense(),
        weightBytesPerToken.realised() * tokensPerS / 1e9);
    EvalResult.line(out, "activation sparsity", "%.4f", activationSparsity);
    EvalResult.line(out, "packed, cache", "%,d and %,d bytes", packedBytes, cacheBytes);
    if (warmUpSeconds != null) {
      EvalResult.line(out, "warm-up before", "%.1f s", warmUpSeconds);
    }
    if (peakRssBytes != null) {
      EvalResult.line(out, "resident, at most", "%,d, %,d bytes", rssBytes, peakRssBytes);
    }
    return out.toString();
  }
}
