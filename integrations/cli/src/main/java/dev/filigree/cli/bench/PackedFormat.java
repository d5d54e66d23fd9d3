package dev.filigree.cli.bench;

import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.WeightPlan;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Forms the packed side can take. */
public enum PackedFormat {
  /** All weights by outputs. */
  DENSE(Kind.ALL),
  /** All weights by inputs, so that inputs of zero are skipped. */
  COLUMNS(Kind.ALL),
  /** One bit per weight and the kept ones. */
  BITMAP(Kind.SPARSE),
  /** One bit per weight and the kept ones, by inputs, so that inputs of zero are skipped. */
  BITMAP_COLUMNS(Kind.SPARSE),
  /** Compressed sparse rows. */
  CSR(Kind.SPARSE),
  /** Sliced ELLPACK. */
  SELL(Kind.SPARSE),
  /** Sliced ELLPACK, which has no padding for N:M weights. */
  NM(Kind.GROUPS),
  /** Blocks of four outputs by one input. */
  STRIP4X1(Kind.BLOCKS),
  /** Blocks of sixteen outputs by one input. */
  STRIP16X1(Kind.BLOCKS),
  /** Blocks of one output by sixteen inputs. */
  STRIP1X16(Kind.BLOCKS);

  /** For which weights a form is. */
  private enum Kind {
    ALL(""),
    SPARSE("it stores what is not zero, and nothing is removed"),
    GROUPS("it is for N:M patterns"),
    BLOCKS("it is for block patterns whose blocks its own blocks fit into");

    private final String reason;

    Kind(String reason) {
      this.reason = reason;
    }
  }

  private static final String AUTO = "auto";
  private final Kind kind;

  PackedFormat(Kind kind) {
    this.kind = kind;
  }

  /** The name on the command line and in results. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The name that {@link PackedMatrices} knows. */
  public String stored() {
    return this == NM ? SELL.label() : label();
  }

  /**
   * The forms to measure: the one asked for, or all that can win.
   *
   * @param skips whether inputs are zero, so that there is something to skip
   * @param values what the form must be able to store
   * @throws FiligreeException FIL-0604 for an unknown format, FIL-0612 for one that does not go
   *     with the pattern, FIL-0315 for one that cannot store such values
   */
  static List<PackedFormat> candidates(
      String asked, String pattern, Optional<WeightPlan> plan, boolean skips, ValueType values) {
    if (asked.equals(AUTO)) {
      return auto(plan, skips, values);
    }
    PackedFormat format =
        built().stream()
            .filter(f -> f.label().equals(asked))
            .findFirst()
            .orElseThrow(
                () ->
                    new FiligreeException(
                        Message.FIL_0604, "--format", asked, AUTO + ", " + labels(built())));
    if (!format.fits(plan)) {
      throw new FiligreeException(
          Message.FIL_0612,
          asked,
          pattern,
          format.kind.reason,
          AUTO + ", " + labels(built().stream().filter(f -> f.fits(plan)).toList()));
    }
    format.pack(values);
    return List.of(format);
  }

  /**
   * The form in which a gated feed-forward skips hidden units: up by outputs, down by inputs.
   *
   * @throws FiligreeException FIL-0620 for any other
   */
  static List<PackedFormat> gated(String asked) {
    if (!asked.equals(AUTO) && !asked.equals(COLUMNS.label())) {
      throw new FiligreeException(
          Message.FIL_0620, asked, Op.GATED_FFN.label(), AUTO + ", " + COLUMNS.label());
    }
    return List.of(COLUMNS);
  }

  /** Forms that make no sense for the layer, or store all weights as dense does, are left out. */
  private static List<PackedFormat> auto(
      Optional<WeightPlan> plan, boolean skips, ValueType values) {
    boolean all = plan.isEmpty();
    List<PackedFormat> forms =
        built().stream()
            .filter(f -> f.fits(plan))
            .filter(
                f ->
                    switch (f) {
                      case DENSE -> all && values != ValueType.F32;
                      case COLUMNS -> all || skips;
                      case BITMAP_COLUMNS -> skips;
                      case NM -> false;
                      default -> true;
                    })
            .filter(f -> f.stores(values))
            .toList();
    if (forms.isEmpty()) {
      COLUMNS.pack(values);
    }
    return forms;
  }

  private static List<PackedFormat> built() {
    return Arrays.stream(values())
        .filter(f -> PackedMatrices.formats().contains(f.stored()))
        .toList();
  }

  private boolean fits(Optional<WeightPlan> plan) {
    Pattern pattern = plan.map(WeightPlan::pattern).orElse(null);
    return switch (kind) {
      case ALL -> true;
      case SPARSE -> pattern != null;
      case GROUPS -> pattern instanceof Pattern.NM;
      case BLOCKS -> pattern != null && PackedMatrices.strips(pattern).contains(stored());
    };
  }

  private boolean stores(ValueType values) {
    try {
      pack(values);
      return true;
    } catch (FiligreeException e) {
      if (e.id() == Message.FIL_0315) {
        return false;
      }
      throw e;
    }
  }

  /** Packs one weight, which fails where the form cannot store such values. */
  private void pack(ValueType values) {
    PackedMatrices.of(stored(), values, AlignedMemory.allocate(4), 1, 1).close();
  }

  private static String labels(List<PackedFormat> formats) {
    return formats.stream().map(PackedFormat::label).collect(Collectors.joining(", "));
  }
}
