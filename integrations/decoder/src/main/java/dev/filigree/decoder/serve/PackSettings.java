package dev.filigree.decoder.serve;

import dev.filigree.kernel.ValueType;

/**
 * How a decoder's weights are stored.
 *
 * @param values type of stored weights
 * @param layout which weights a product can leave unread
 * @param columnNorms whether ||W[:,i]||_2 of every projection is computed, which WINA needs
 */
public record PackSettings(ValueType values, Layout layout, boolean columnNorms) {
  /** Which weights can be skipped. */
  public enum Layout {
    /** None; everything is stored by outputs. */
    DENSE,
    /** Those of removed weights: format {@code bitmap}. */
    SPARSE_WEIGHTS,
    /** Those of inputs that are not kept: everything is stored by inputs (TEAL, WINA, TOP_K). */
    SKIPPED_INPUTS,
    /** Those of hidden units whose gate is small: gate and up by outputs, down by inputs (CATS). */
    SKIPPED_UNITS,
    /** The same with attention by inputs (CHESS). */
    SKIPPED_HEADS_AND_UNITS
  }

  /** Everything dense, in float32. */
  public static final PackSettings DENSE = of(ValueType.F32, Layout.DENSE);

  /** Settings without column norms. */
  public static PackSettings of(ValueType values, Layout layout) {
    return new PackSettings(values, layout, false);
  }
}
