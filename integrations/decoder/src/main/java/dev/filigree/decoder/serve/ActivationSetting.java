package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.Projection;
import dev.filigree.kernel.Activation;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.Remainder;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Which activations are skipped.
 *
 * @param method how they are chosen
 * @param sparsity share that is to be skipped, 0 to below 1
 * @param thresholds for the methods that have them: by layer, and within it by projection in the
 *     order of {@code Projection}, or one for CATS and RELU (null there for 0), or those of the
 *     inputs of query and output and of every hidden unit for CHESS, or one for every input of
 *     every site in the order of {@code Projection.Site} for WINA_THRESHOLD; else null
 * @param remainders for R_SPARSE by layer and projection, else null
 * @param blocks for DECLARED by layer, else null
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ActivationSetting(
    Method method,
    double sparsity,
    float[][] thresholds,
    Remainder[][] remainders,
    List<BlockActivation> blocks) {
  /** Nothing is skipped. */
  public static final ActivationSetting NONE = new ActivationSetting(Method.NONE, 0, null);

  /** Where CHESS has the threshold of the inputs of query. */
  public static final int QUERY = 0;

  /** Where CHESS has the threshold of the inputs of output. */
  public static final int OUTPUT = 1;

  /** Where CHESS has the threshold of the first hidden unit. */
  public static final int UNITS = 2;

  /** A setting without remainders. */
  public ActivationSetting(Method method, double sparsity, float[][] thresholds) {
    this(method, sparsity, thresholds, null);
  }

  /** A setting of one method for all blocks. */
  public ActivationSetting(
      Method method, double sparsity, float[][] thresholds, Remainder[][] remainders) {
    this(method, sparsity, thresholds, remainders, null);
  }

  /**
   * Blocks that say for themselves what they skip.
   *
   * @param blocks all blocks of a model in their order
   * @throws FiligreeException FIL-0882 where one block skips hidden units by their gate and another
   *     skips inputs of its feed-forward projections: their weights are stored in different ways
   */
  public static ActivationSetting declared(List<BlockActivation> blocks) {
    for (int units = 0; units < blocks.size(); units++) {
      for (int inputs = 0; blocks.get(units).skipsUnits() && inputs < blocks.size(); inputs++) {
        if (blocks.get(inputs).skipsInFeedForward()) {
          throw new FiligreeException(
              Message.FIL_0882,
              "Layer " + inputs,
              "inputs of gate, up or down are skipped, and in layer "
                  + units
                  + " hidden units by their gate");
        }
      }
    }
    return new ActivationSetting(Method.DECLARED, 0, null, null, List.copyOf(blocks));
  }

  /**
   * RELU with one threshold.
   *
   * @param threshold gates at or below it count as zero; finite, 0 or more
   * @param layers blocks of the model
   */
  public static ActivationSetting relu(float threshold, int layers) {
    float[][] all = threshold == 0 ? null : new float[layers][];
    for (int l = 0; all != null && l < layers; l++) {
      all[l] = new float[] {threshold};
    }
    return new ActivationSetting(Method.RELU, 0, all);
  }

  /**
   * As the command line writes it: {@code teal:0.5}, {@code relu}, {@code relu:0.01}.
   *
   * @param before stands in front of the amount
   */
  public String text(String before) {
    if (method == Method.DECLARED) {
      return method.label();
    }
    if (method != Method.RELU) {
      return method.label() + before + sparsity;
    }
    return thresholds == null ? method.label() : method.label() + before + thresholds[0][0];
  }

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
    /**
     * |x_i| * ||W[:,i]|| above one threshold per distinct input, W the weights of all projections
     * that receive it, one above the other: the same score without counting, and one choice for
     * query, key and value, and for gate and up. Chen et al. 2025.
     */
    WINA_THRESHOLD,
    /**
     * |x_i| * ||W[:,i]|| above a threshold per projection; the other inputs go through a low-rank
     * approximation of W, see {@link Remainder}. Zhang et al. 2025.
     */
    R_SPARSE,
    /**
     * Hidden units that are no core neurons of the prompt, see {@link
     * dev.filigree.calibrate.CoreNeurons}; chosen once for all tokens that follow it. The first 6
     * and the last 5 of 32 blocks, in proportion of others, use all. Wang et al. 2024.
     */
    COREINFER,
    /**
     * Hidden units whose gate is zero after ReLU: nothing changes. With a threshold (FATReLU) those
     * whose gate is at or below it. Only for models with that activation function (ProSparse, Song
     * et al. 2024).
     */
    RELU,
    /** The largest |x_i|, exactly counted per token. */
    TOPK,
    /** What every block says for itself, see {@link BlockActivation}. */
    DECLARED;

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
      return this == TEAL
          || this == TEAL_GREEDY
          || this == CATS
          || this == CHESS
          || this == WINA_THRESHOLD
          || this == R_SPARSE;
    }

    /** Whether hidden units are skipped, with their row of up. */
    private boolean skipsUnits() {
      return this == CATS || this == CHESS || this == COREINFER || this == RELU;
    }

    /** Whether what is skipped is chosen from a prompt, which itself skips nothing. */
    public boolean needsPrompt() {
      return this == COREINFER;
    }

    /** How many thresholds a block has. */
    public int thresholds(DecoderConfig config) {
      return switch (this) {
        case NONE, WINA, COREINFER, TOPK, DECLARED -> 0;
        case CATS, RELU -> 1;
        case CHESS -> UNITS + config.hidden();
        case TEAL, TEAL_GREEDY, R_SPARSE -> Projection.values().length;
        case WINA_THRESHOLD -> {
          int all = 0;
          for (Projection.Site site : Projection.Site.values()) {
            all += site.width(config);
          }
          yield all;
        }
      };
    }

    /**
     * Checks that the method fits a model.
     *
     * @throws FiligreeException FIL-0852 for RELU where the model has another activation function
     */
    public void requireFor(DecoderConfig config) {
      if (this == RELU && config.activation() != Activation.RELU) {
        throw new FiligreeException(Message.FIL_0852, config.activation());
      }
    }

    /** How weights must be stored for it; that of DECLARED depends on its blocks. */
    public PackSettings.Layout layout() {
      return switch (this) {
        case NONE -> PackSettings.Layout.DENSE;
        case CATS, COREINFER, RELU -> PackSettings.Layout.SKIPPED_UNITS;
        case CHESS -> PackSettings.Layout.SKIPPED_HEADS_AND_UNITS;
        case TEAL, TEAL_GREEDY, WINA, WINA_THRESHOLD, R_SPARSE, TOPK ->
            PackSettings.Layout.SKIPPED_INPUTS;
        case DECLARED -> throw new IllegalStateException("ask the setting");
      };
    }
  }

  /** How weights must be stored for it. */
  public PackSettings.Layout layout() {
    if (method != Method.DECLARED) {
      return method.layout();
    }
    if (blocks.stream().noneMatch(BlockActivation::skipsUnits)) {
      return PackSettings.Layout.SKIPPED_INPUTS;
    }
    return blocks.stream().anyMatch(BlockActivation::skipsInAttention)
        ? PackSettings.Layout.SKIPPED_HEADS_AND_UNITS
        : PackSettings.Layout.SKIPPED_UNITS;
  }

  /**
   * The thresholds of WINA_THRESHOLD for the inputs of a site.
   *
   * @param layer those of a block
   */
  public static float[] ofSite(float[] layer, Projection.Site site, DecoderConfig config) {
    int from = 0;
    for (Projection.Site before : Projection.Site.values()) {
      if (before == site) {
        break;
      }
      from += before.width(config);
    }
    return Arrays.copyOfRange(layer, from, from + site.width(config));
  }

  /** Whether it compares columns of the weights, so that their norms must be known. */
  public boolean needsNorms() {
    return method == Method.WINA
        || (blocks != null
            && blocks.stream()
                .flatMap(b -> b.inputs().stream())
                .anyMatch(c -> c.kind() == InputChoice.Kind.WINA));
  }

  /** How weights of that type are packed for it. */
  public PackSettings packing(ValueType values) {
    return new PackSettings(values, layout(), needsNorms());
  }

  /**
   * The projection whose skipped inputs save weights of this one: for its rows, of a hidden unit
   * that is skipped.
   */
  Projection countedBy(Projection p) {
    boolean units =
        method.skipsUnits()
            || (blocks != null && blocks.stream().anyMatch(BlockActivation::skipsUnits));
    boolean rows =
        switch (p) {
          case UP -> units;
          case GATE -> method == Method.COREINFER;
          case Q, K, V, O, DOWN -> false;
        };
    return rows ? Projection.DOWN : p;
  }

  /** The first block of CoreInfer: behind as many as 6 of 32. */
  private static int firstBlock(int layers) {
    return Math.round(layers * 6 / 32f);
  }

  /** Behind the last block of CoreInfer: as many as 5 of 32 follow. */
  private static int endBlock(int layers) {
    return layers - Math.round(layers * 5 / 32f);
  }

  /**
   * Whether the method skips anything in a block.
   *
   * @param layers how many blocks there are
   */
  public boolean skipsIn(int layer, int layers) {
    return switch (method) {
      case NONE -> false;
      case COREINFER -> layer >= firstBlock(layers) && layer < endBlock(layers);
      case TEAL, TEAL_GREEDY, CATS, CHESS, WINA, WINA_THRESHOLD, R_SPARSE, RELU, TOPK -> true;
      case DECLARED -> blocks.get(layer).skips();
    };
  }

  /**
   * The share of a block's inputs that is to be skipped: 0 where the method leaves it alone, more
   * than the sparsity where R-Sparse spends some of what it saves on the remainder.
   */
  public double planned(int layer, int layers) {
    if (remainders != null) {
      int inputs = 0;
      int kept = 0;
      for (Remainder r : remainders[layer]) {
        inputs += r.inputs();
        kept += r.kept();
      }
      return 1 - (double) kept / inputs;
    }
    if (blocks != null) {
      return blocks.get(layer).planned();
    }
    return skipsIn(layer, layers) ? sparsity : 0;
  }

  /** The same over all blocks that the method does not leave alone; 0 where there are none. */
  double planned(int layers) {
    return IntStream.range(0, layers)
        .filter(l -> skipsIn(l, layers))
        .mapToDouble(l -> planned(l, layers))
        .average()
        .orElse(0);
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
