package dev.filigree.cli.bench;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.WeightPlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Forms the packed side can take. */
public enum PackedFormat {
  /** All weights by inputs, so that inputs of zero are skipped; the only one for dense weights. */
  COLUMNS("columns"),
  /** One bit per weight and the kept ones. */
  BITMAP("bitmap"),
  /** Compressed sparse rows. */
  CSR("csr"),
  /** Sliced ELLPACK. */
  SELL("sell"),
  /** Sliced ELLPACK, which has no padding for N:M weights. */
  NM("sell");

  private static final String AUTO = "auto";
  private final String stored;

  PackedFormat(String stored) {
    this.stored = stored;
  }

  /** The name on the command line and in results. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The name that {@link dev.filigree.pack.PackedMatrices} knows. */
  String stored() {
    return stored;
  }

  /**
   * The forms to measure: the one asked for, or all that can win.
   *
   * @param skips whether inputs are zero, so that {@link #COLUMNS} has something to skip
   * @throws FiligreeException FIL-0604 for an unknown format, FIL-0612 for one that does not go
   *     with the pattern
   */
  static List<PackedFormat> candidates(
      String asked, String pattern, Optional<WeightPlan> plan, boolean skips) {
    if (asked.equals(AUTO)) {
      return auto(plan, skips);
    }
    PackedFormat format =
        Arrays.stream(values())
            .filter(f -> f.label().equals(asked))
            .findFirst()
            .orElseThrow(() -> unknown(asked));
    if (format != COLUMNS && plan.isEmpty()) {
      throw new FiligreeException(
          Message.FIL_0612,
          asked,
          pattern,
          "it stores what is not zero, and nothing is removed",
          "auto, columns");
    }
    if (format == NM && !(plan.get().pattern() instanceof Pattern.NM)) {
      throw new FiligreeException(
          Message.FIL_0612,
          asked,
          pattern,
          "it is for N:M patterns",
          "auto, columns, bitmap, csr, sell");
    }
    return List.of(format);
  }

  private static List<PackedFormat> auto(Optional<WeightPlan> plan, boolean skips) {
    List<PackedFormat> forms = new ArrayList<>();
    if (plan.isPresent()) {
      forms.addAll(List.of(BITMAP, CSR, SELL));
    }
    if (skips || plan.isEmpty()) {
      forms.add(COLUMNS);
    }
    return List.copyOf(forms);
  }

  private static FiligreeException unknown(String asked) {
    String legal = "auto, columns, bitmap, csr, sell, nm";
    return new FiligreeException(
        Message.FIL_0604,
        "--format",
        asked,
        asked.startsWith("strip") ? legal + " (strips are not built)" : legal);
  }
}
