package dev.filigree.decoder.serve;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * Which activations are skipped.
 *
 * @param method how they are chosen
 * @param sparsity share that is to be skipped, 0 to below 1
 * @param thresholds for the methods that have them: by layer, and within it by projection in the
 *     order of {@code Projection}, or one for CATS; else null
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ActivationSetting(Method method, double sparsity, float[][] thresholds) {
  /** Nothing is skipped. */
  public static final ActivationSetting NONE = new ActivationSetting(Method.NONE, 0, null);

  /** How inputs are chosen. */
  public enum Method {
    /** All are used. */
    NONE,
    /** |x| above one threshold per distinct input. Liu et al. 2024. */
    TEAL,
    /** The same with one threshold per projection, found block by block. */
    TEAL_GREEDY,
    /** Hidden units whose |SiLU(gate)| is above a threshold. Lee et al. 2024. */
    CATS,
    /**
     * The largest |x_i| * ||W[:,i]||, exactly counted per token and projection. Chen et al. 2025.
     */
    WINA,
    /** The largest |x_i|, exactly counted per token. */
    TOPK;

    /** Its name on the command line: {@code teal-greedy} ... */
    public String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The method of that label, if it is one. */
    public static Optional<Method> byLabel(String label) {
      return Arrays.stream(values()).filter(m -> m != NONE && m.label().equals(label)).findFirst();
    }

    /** Whether it wants thresholds, which come from calibration. */
    public boolean needsCalibration() {
      return this == TEAL || this == TEAL_GREEDY || this == CATS;
    }

    /** How weights must be stored for it. */
    public PackSettings.Layout layout() {
      return switch (this) {
        case NONE -> PackSettings.Layout.DENSE;
        case CATS -> PackSettings.Layout.SKIPPED_UNITS;
        case TEAL, TEAL_GREEDY, WINA, TOPK -> PackSettings.Layout.SKIPPED_INPUTS;
      };
    }
  }

  /**
   * Checks the sparsity.
   *
   * @throws FiligreeException FIL-0101
   */
  public ActivationSetting {
    if (!(sparsity >= 0 && sparsity < 1)) {
      throw new FiligreeException(Message.FIL_0101, sparsity, sparsity >= 1 ? "0.99" : "0.0");
    }
  }
}
