package dev.filigree.decoder.model;

import dev.filigree.kernel.Activation;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The shape of a Llama-family decoder.
 *
 * @param dim width of the residual stream
 * @param hidden units of the feed-forward block
 * @param layers blocks
 * @param heads query heads
 * @param kvHeads key and value heads; divides {@code heads}
 * @param headDim components of a head, even
 * @param vocab token ids
 * @param context most positions
 * @param normEpsilon of RMSNorm
 * @param ropeBase base of the rotary frequencies
 * @param ropeLayout which components are rotated together
 * @param ropeScaling how rotary frequencies are changed, if they are
 * @param slidingWindow how many positions a token sees at most, itself included, if bounded
 * @param qkvBias whether query, key and value have biases
 * @param outputBias whether the output projection of attention has a bias
 * @param tiedHead whether the output head is the embedding
 * @param bos id that begins a text, -1 for none
 * @param stops ids that end a text
 * @param activation of the gate, SILU or RELU
 */
public record DecoderConfig(
    int dim,
    int hidden,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    int vocab,
    int context,
    double normEpsilon,
    double ropeBase,
    RopeLayout ropeLayout,
    Optional<RopeScaling> ropeScaling,
    OptionalInt slidingWindow,
    boolean qkvBias,
    boolean outputBias,
    boolean tiedHead,
    int bos,
    List<Integer> stops,
    Activation activation) {
  // Far above every model; a file that claims more would have to be believed in lists and tables.
  private static final int MOST_LAYERS = 10_000;

  private static final int MOST_WIDTH = 1 << 24;

  /** A decoder whose gate has SiLU, as nearly all have. */
  public DecoderConfig(
      int dim,
      int hidden,
      int layers,
      int heads,
      int kvHeads,
      int headDim,
      int vocab,
      int context,
      double normEpsilon,
      double ropeBase,
      RopeLayout ropeLayout,
      Optional<RopeScaling> ropeScaling,
      OptionalInt slidingWindow,
      boolean qkvBias,
      boolean outputBias,
      boolean tiedHead,
      int bos,
      List<Integer> stops) {
    this(
        dim,
        hidden,
        layers,
        heads,
        kvHeads,
        headDim,
        vocab,
        context,
        normEpsilon,
        ropeBase,
        ropeLayout,
        ropeScaling,
        slidingWindow,
        qkvBias,
        outputBias,
        tiedHead,
        bos,
        stops,
        Activation.SILU);
  }

  /**
   * Checks what goes together.
   *
   * @throws FiligreeException FIL-0702 for a shape that is none
   */
  public DecoderConfig {
    stops = List.copyOf(stops);
    require("width", dim, dim > 0 && dim <= MOST_WIDTH, "1 to " + MOST_WIDTH);
    require("feed-forward width", hidden, hidden > 0 && hidden <= MOST_WIDTH, "1 to " + MOST_WIDTH);
    require("number of layers", layers, layers > 0 && layers <= MOST_LAYERS, "1 to " + MOST_LAYERS);
    require("heads", heads, heads > 0, "at least 1");
    require(
        "key and value heads",
        kvHeads,
        kvHeads > 0 && heads % kvHeads == 0,
        "a divisor of the " + heads + " heads");
    require("components of a head", headDim, headDim > 0 && headDim % 2 == 0, "an even number");
    require(
        "width of all heads together",
        (long) heads * headDim,
        (long) heads * headDim <= MOST_WIDTH,
        "at most " + MOST_WIDTH);
    require("vocabulary", vocab, vocab > 0, "at least 1");
    require("context", context, context > 0, "at least 1");
    require("RMSNorm epsilon", normEpsilon, normEpsilon >= 0 && normEpsilon < 1, "0 to below 1");
    require("rotary base", ropeBase, ropeBase > 0 && Double.isFinite(ropeBase), "above 0");
    require(
        "activation function",
        activation,
        activation == Activation.SILU || activation == Activation.RELU,
        "SILU or RELU");
    if (ropeScaling.isPresent() && ropeScaling.get() instanceof FrequencyFactors f) {
      int pairs = headDim / 2;
      int found = f.factors().size();
      require("number of factors of rotary frequencies", found, found == pairs, "" + pairs);
    }
  }

  private static void require(String what, Object found, boolean legal, String range) {
    if (!legal) {
      throw new FiligreeException(Message.FIL_0702, what, found, range);
    }
  }

  /** The same shape, ended by other ids. */
  public DecoderConfig withStops(List<Integer> ids) {
    return with(ids, activation);
  }

  /** The same shape with another activation function. */
  public DecoderConfig withActivation(Activation f) {
    return with(stops, f);
  }

  private DecoderConfig with(List<Integer> ids, Activation f) {
    return new DecoderConfig(
        dim,
        hidden,
        layers,
        heads,
        kvHeads,
        headDim,
        vocab,
        context,
        normEpsilon,
        ropeBase,
        ropeLayout,
        ropeScaling,
        slidingWindow,
        qkvBias,
        outputBias,
        tiedHead,
        bos,
        ids,
        f);
  }

  /** Outputs of the query projection. */
  public int qDim() {
    return heads * headDim;
  }

  /** Outputs of the key projection, and of the value projection. */
  public int kvDim() {
    return kvHeads * headDim;
  }

  /** The first position a token at that position sees. */
  public int firstVisible(int position) {
    return slidingWindow.isPresent() ? Math.max(0, position - slidingWindow.getAsInt() + 1) : 0;
  }

  /** Weights of all projections of all blocks. */
  public long projectionWeights() {
    long sum = 0;
    for (Projection p : Projection.values()) {
      sum += (long) p.rows(this) * p.cols(this);
    }
    return sum * layers;
  }
}
