package dev.filigree.djl.prune;

import dev.filigree.allocate.Evolution;
import dev.filigree.file.DataDigest;
import dev.filigree.file.Evaluation;
import dev.filigree.file.ReceiptStep;
import dev.filigree.report.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What {@code Filigree.prune} did.
 *
 * @param layers every layer that was pruned or could have been, in the order of the model
 * @param settings method, pattern, sparsity, scope, allocation, calibration
 * @param seed of the random method
 * @param data which data were seen for what
 * @param evaluation before and after, on the evaluation data; empty where there are none
 * @param overlap share of the evaluation data that calibration or search data have as well: of
 *     token ids that of windows of 13, of other samples that of whole ones
 * @param search what an evolutionary search found, on the search data
 * @param warnings what did not go as asked
 */
public record PruneReport(
    List<Layer> layers,
    Map<String, String> settings,
    long seed,
    List<DataDigest> data,
    Optional<Evaluation> evaluation,
    OptionalDouble overlap,
    Optional<Evolution.Result> search,
    List<String> warnings) {

  /** Copies. */
  public PruneReport {
    layers = List.copyOf(layers);
    settings = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    data = List.copyOf(data);
    warnings = List.copyOf(warnings);
  }

  /**
   * One weight.
   *
   * @param path of the layer
   * @param parameter its name in the model, as files write it
   * @param rows outputs, 0 where it was skipped before it was looked at
   * @param cols inputs
   * @param kept weights the mask keeps
   * @param sparsity 1 - kept / (rows * cols)
   * @param error ||X (W - W')^T||_F^2 on the calibration inputs, NaN where X^T X was not gathered
   * @param relativeError that over ||X W^T||_F^2
   * @param maskSha256 digest of the mask in the order of the array
   * @param skipped why it was left alone; empty where it was pruned
   */
  public record Layer(
      String path,
      String parameter,
      int rows,
      int cols,
      long kept,
      double sparsity,
      double error,
      double relativeError,
      String maskSha256,
      String skipped) {}

  /** The layers that were pruned. */
  public List<Layer> pruned() {
    return layers.stream().filter(l -> l.skipped().isEmpty()).toList();
  }

  /** Removed weights as a fraction of all weights of the pruned layers. */
  public double sparsity() {
    long all = 0;
    long kept = 0;
    for (Layer l : pruned()) {
      all += (long) l.rows() * l.cols();
      kept += l.kept();
    }
    return all == 0 ? 0 : 1 - kept / (double) all;
  }

  /** The step of a receipt. */
  public ReceiptStep receiptStep() {
    Map<String, String> masks = new LinkedHashMap<>();
    pruned().forEach(l -> masks.put(l.parameter(), l.maskSha256()));
    ReceiptStep step =
        ReceiptStep.of("prune", settings)
            .withSeed(seed)
            .withData(data)
            .choosing(masks)
            .withEvaluations(evaluation.stream().toList());
    return overlap.isPresent() ? step.withOverlap(overlap.getAsDouble()) : step;
  }

  /** A table for people. */
  public String text() {
    StringBuilder out = new StringBuilder();
    out.append(
        String.format("%-24s %12s %9s %12s  %s%n", "layer", "weights", "sparsity", "error", ""));
    for (Layer l : layers) {
      String note = l.skipped().isEmpty() ? "" : "left alone: " + l.skipped();
      String error =
          Double.isNaN(l.relativeError())
              ? "-"
              : String.format(Locale.ROOT, "%.4f", l.relativeError());
      out.append(
          String.format(
              Locale.ROOT,
              "%-24s %,12d %9.4f %12s  %s%n",
              l.path(),
              (long) l.rows() * l.cols(),
              l.sparsity(),
              error,
              note));
    }
    return out.toString();
  }

  /** Everything as JSON. */
  public String json() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("settings", settings);
    all.put("seed", seed);
    all.put("sparsity", sparsity());
    all.put("layers", layers);
    all.put("data", data);
    all.put("evaluation_before", evaluation.map(e -> e.before().orElse(Double.NaN)).orElse(null));
    all.put("evaluation_after", evaluation.map(e -> e.after().orElse(Double.NaN)).orElse(null));
    all.put("overlap", overlap.isPresent() ? overlap.getAsDouble() : null);
    all.put(
        "search",
        search
            .map(
                s ->
                    Map.of(
                        "fitness",
                        s.fitness(),
                        "start_fitness",
                        s.startFitness(),
                        "evaluations",
                        s.evaluations()))
            .orElse(null));
    all.put("warnings", warnings);
    return Json.text(all);
  }
}
