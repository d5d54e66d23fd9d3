package dev.filigree.cli.decoder;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.store.ModelWriter;
import dev.filigree.report.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What {@code compress} made; the components are the keys of its JSON.
 *
 * @param inBytes of the model's files
 * @param outBytes of the directory's files
 * @param weightBytes of the stored weights
 * @param denseBytes of the same weights where none is left out, in the same type
 * @param weightSparsity over the seven projections of all blocks
 * @param sparseMatrices projections that are stored in a sparse format
 * @param activation what is skipped by default, null for nothing
 * @param values type of stored weights
 * @param thresholds by layer and projection, null where there are none
 * @param masks digests by tensor, as pruning chose them
 * @param warnings that were shown
 * @param out the directory
 */
public record CompressResult(
    long inBytes,
    long outBytes,
    long weightBytes,
    long denseBytes,
    double weightSparsity,
    int sparseMatrices,
    String activation,
    String values,
    Map<String, Float> thresholds,
    Map<String, String> masks,
    List<String> warnings,
    String out) {

  static CompressResult of(
      CompressRun run,
      DecoderConfig model,
      ModelWriter.Result made,
      long inBytes,
      long outBytes,
      List<String> warnings) {
    ActivationSetting a = made.activation();
    Path out = run.out();
    return new CompressResult(
        inBytes,
        outBytes,
        made.weightBytes(),
        made.denseBytes(),
        made.weightSparsity(),
        made.sparse(),
        a.method() == ActivationSetting.Method.NONE ? null : a.text(":"),
        run.values().label(),
        Thresholds.byName(a, model),
        made.masks(),
        warnings,
        out.toString());
  }

  /** For programs. */
  public String json() {
    return Json.text(this);
  }

  /** For people. */
  public String text() {
    StringBuilder text = new StringBuilder(out).append('\n');
    EvalResult.line(
        text,
        "weights",
        "%,d bytes of %s, %.1f %% of the %,d without zeros left out",
        weightBytes,
        values,
        100.0 * weightBytes / denseBytes,
        denseBytes);
    EvalResult.line(
        text,
        "weight sparsity",
        "%.4f, %d projections stored sparse",
        weightSparsity,
        sparseMatrices);
    EvalResult.line(text, "activations", "%s", activation == null ? "all" : activation);
    EvalResult.line(
        text,
        "all files",
        "%,d bytes, %.1f %% of the %,d of the model",
        outBytes,
        100.0 * outBytes / inBytes,
        inBytes);
    return text.toString();
  }
}
