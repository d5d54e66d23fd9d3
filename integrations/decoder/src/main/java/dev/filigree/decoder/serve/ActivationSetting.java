package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.Projection;
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
 *     order of {@code Projection}, or one for CATS, or those of the inputs of query and output and
 *     of every hidden unit for CHESS; else null
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ActivationSetting(Method method, double sparsity, float[][] thresholds) {
  /** Nothing is skipped. */
  public static final ActivationSetting NONE = new ActivationSetting(Method.NONE, 0, null);

  /** Where CHESS has the threshold of the inputs of query. */
  public static final int QUERY = 0;

  /** Where CHESS has the threshold of the inputs of output. */
  public static final int OUTPUT = 1;

  /** Where CHESS has the threshold of the first hidden unit. */
  public static final int UNITS = 2;

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
     * The same with one threshold per hidden unit, and |x| above a threshold for the inputs of
     * query and output; key and value use all. He et al. 2024.
     */
    CHESS,
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
      return this == TEAL || this == TEAL_GREEDY || skipsUnits();
    }

    /** Whether hidden units are skipped by their gate, with their row of up. */
    public boolean skipsUnits() {
      return this == CATS || this == CHESS;
    }

    /** How many thresholds a block has. */
    public int thresholds(DecoderConfig config) {
      return switch (this) {
        case NONE, WINA, TOPK -> 0;
        case CATS -> 1;
        case CHESS -> UNITS + config.hidden();
        case TEAL, TEAL_GREEDY -> Projection.values().length;
      };
    }

    /** How weights must be stored for it. */
    public PackSettings.Layout layout() {
      return switch (this) {
        case NONE -> PackSettings.Layout.DENSE;
        case CATS -> PackSettings.Layout.SKIPPED_UNITS;
        case CHESS -> PackSettings.Layout.SKIPPED_HEADS_AND_UNITS;
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
