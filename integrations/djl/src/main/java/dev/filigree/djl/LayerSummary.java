package dev.filigree.djl;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one layer was asked to do and what it does.
 *
 * @param path child names joined by {@code /}
 * @param type simple class name of the layer
 * @param plan what was declared, for example {@code unstructured 0.8}; empty where nothing was
 * @param rows outputs, 0 before the layer is initialised
 * @param cols inputs, 0 before the layer is initialised
 * @param sparsity zeros in the weight as a fraction, counted
 * @param format what serves it now: {@code dense} (DJL), {@code dense-java}, {@code columns},
 *     {@code bitmap}, {@code csr}, another packed format, or several joined by +; with values in
 *     bfloat16 {@code csr-bf16} and so on; {@code torch-bf16} is libtorch's dense product; {@code
 *     fused} and a format where the block it is a part of is answered whole
 * @param denseBytes bytes of the weight in float32
 * @param packedBytes bytes of the packed weight, with the factors of R_SPARSE; equals denseBytes
 *     where nothing is packed
 * @param verdicts what the gate measured, one per batch size; empty before {@link Filigree#pack}
 * @param activationSparsity share of the inputs skipped so far, or NaN where none are
 * @param packedForwards forward passes that a packed operator answered
 * @param reason why it is skipped or runs dense; empty where neither
 */
public record LayerSummary(
    String path,
    String type,
    String plan,
    long rows,
    long cols,
    double sparsity,
    String format,
    long denseBytes,
    long packedBytes,
    List<Verdict> verdicts,
    double activationSparsity,
    long packedForwards,
    String reason) {

  /**
   * What the gate measured for one batch size.
   *
   * @param batch rows per forward
   * @param chosen the format that serves it
   * @param ratio median of the paired ratio dense time / packed time, or NaN where it was not
   *     measured
   * @param p10 10th percentile of that ratio
   * @param p90 90th percentile of that ratio
   * @param denseMicros median time of DJL's dense layer
   * @param packedMicros median time of the best packed form
   * @param breakEven estimated share of zeros above which that form is faster than dense on this
   *     machine, 0 to 1; NaN where it was not estimated
   * @param measuredMicros median time of everything that was measured to find that form, by the
   *     names that {@code chosen} has as well; of what a few calls showed to be far slower the
   *     fastest of these calls. Empty for blocks that are answered whole
   */
  public record Verdict(
      int batch,
      String chosen,
      double ratio,
      double p10,
      double p90,
      double denseMicros,
      double packedMicros,
      double breakEven,
      Map<String, Double> measuredMicros) {
    /** Keeps the order of the names. */
    public Verdict {
      measuredMicros = Collections.unmodifiableMap(new LinkedHashMap<>(measuredMicros));
    }

    /** The same measurement where DJL's dense layer runs all the same. */
    Verdict dense() {
      return new Verdict(
          batch, "dense", ratio, p10, p90, denseMicros, packedMicros, breakEven, measuredMicros);
    }
  }
}
