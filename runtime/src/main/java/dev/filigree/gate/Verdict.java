package dev.filigree.gate;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the gate found for one number of activation rows.
 *
 * @param batch activation rows of one call, at least 1
 * @param chosen the name of what runs
 * @param packed the name of the best packed form measured
 * @param ratio time of the dense layer over the time of that form
 * @param denseMicros median time of the dense layer
 * @param packedMicros median time of the form
 * @param breakEven estimated share of zeros above which the form is faster here, 0 to 1; NaN where
 *     nothing is skipped
 * @param measuredMicros median time of everything that was measured to find that form, by name; of
 *     what a few calls showed to be far slower the fastest of these calls
 */
public record Verdict(
    int batch,
    String chosen,
    String packed,
    Ratio ratio,
    double denseMicros,
    double packedMicros,
    double breakEven,
    Map<String, Double> measuredMicros) {
  /** Keeps the order of the names; no times where a file has none. */
  public Verdict {
    measuredMicros =
        measuredMicros == null
            ? Map.of()
            : Collections.unmodifiableMap(new LinkedHashMap<>(measuredMicros));
  }
}
