package dev.filigree.decoder.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.util.PairList;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.ConfigDifference;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.model.Tensors;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.djl.train.Weights;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.LongStream;

/**
 * A Llama-family decoder as a DJL block: ids [batch][tokens] to logits [batch][tokens][vocab] of
 * the next id. Parameters begin normal with deviation 0.02, or are those of a model.
 *
 * <pre>{@code
 * CausalDecoder decoder = new CausalDecoder(config);
 * model.setBlock(decoder);          // train it as any DJL block
 * ModelDirectory.write(folder, decoder.weights(), DType.F32, files, decoder.activation());
 * }</pre>
 *
 * <p>Text is generated token by token with more inputs: ids, positions [batch][tokens], a mask
 * [batch][past + tokens] which is 0 for padding, then keys and values of every layer as the last
 * call gave them, none in the first. The outputs then are logits, the last hidden states
 * [batch][tokens][dim], and keys and values [batch][kvHeads][past + tokens][headDim] of every
 * layer. {@link CausalDecoderTranslator} makes that DJL's {@code CausalLMOutput}.
 */
public final class CausalDecoder extends AbstractBlock {
  private static final float DEVIATION = 0.02f;

  /** Ids, positions and mask; keys and values come behind. */
  private static final int BEFORE_CACHE = 3;

  private final DecoderConfig config;
  private final RotaryPositions positions;
  private final TokenEmbedding embedding;
  private final List<DecoderLayer> layers = new ArrayList<>();
  private final RmsNorm norm;
  // Null where the head is the embedding.
  private final Linear head;

  /** A dense decoder. */
  public CausalDecoder(DecoderConfig config) {
    this(config, SwiGlu::new);
  }

  /**
   * A decoder with feed-forward blocks of the caller's own class, which say by annotation what is
   * sparse.
   *
   * @param feedForward called once for every layer
   */
  public CausalDecoder(
      DecoderConfig config, Function<DecoderConfig, ? extends SwiGlu> feedForward) {
    this.config = config;
    positions = new RotaryPositions(config);
    embedding = addChildBlock("embedding", new TokenEmbedding(config.vocab(), config.dim()));
    for (int l = 0; l < config.layers(); l++) {
      DecoderLayer layer = new DecoderLayer(config, positions, feedForward.apply(config));
      layers.add(addChildBlock("layer" + l, layer));
    }
    norm = addChildBlock("norm", new RmsNorm(config.dim(), config.normEpsilon()));
    head =
        config.tiedHead()
            ? null
            : addChildBlock("head", QkvProjections.linear(config.vocab(), false));
    setInitializer(new NormalInitializer(DEVIATION), Parameter.Type.WEIGHT);
  }

  /**
   * A dense decoder with the weights of a model, to be trained on.
   *
   * @param manager owns the parameters
   * @throws FiligreeException FIL-0712 for a weight that is not finite
   */
  public static CausalDecoder of(DecoderWeights weights, NDManager manager) {
    return of(weights, manager, SwiGlu::new);
  }

  /**
   * The same with feed-forward blocks of the caller's own class.
   *
   * @param manager owns the parameters
   * @param feedForward called once for every layer
   * @throws FiligreeException FIL-0712 for a weight that is not finite
   */
  public static CausalDecoder of(
      DecoderWeights weights,
      NDManager manager,
      Function<DecoderConfig, ? extends SwiGlu> feedForward) {
    CausalDecoder decoder = new CausalDecoder(weights.config(), feedForward);
    decoder.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
    decoder.load(weights);
    return decoder;
  }

  /** The shape. */
  public DecoderConfig config() {
    return config;
  }

  /** The layers, from the embedding on; not to be changed. */
  public List<DecoderLayer> layers() {
    return List.copyOf(layers);
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
    NDArray ids = inputs.head();
    boolean cached = inputs.size() > 1;
    long past = inputs.size() > BEFORE_CACHE ? inputs.get(BEFORE_CACHE).getShape().get(2) : 0;
    long tokens = ids.getShape().get(1);
    NDManager manager = ids.getManager();
    NDList angles =
        cached
            ? positions.angles(manager, longs(inputs.get(1)), inputs.get(1).getShape().get(0))
            : positions.angles(manager, LongStream.range(0, tokens).toArray(), 1);
    NDArray mask =
        CausalMask.of(manager, past, tokens, config.slidingWindow(), cached ? inputs.get(2) : null);
    NDArray x = embedding.forward(store, new NDList(ids), training).head();
    NDList caches = new NDList();
    for (int l = 0; l < layers.size(); l++) {
      NDList in = new NDList(x, angles.get(0), angles.get(1), mask);
      if (past > 0) {
        in.add(inputs.get(BEFORE_CACHE + 2 * l));
        in.add(inputs.get(BEFORE_CACHE + 2 * l + 1));
      }
      NDList out = layers.get(l).forward(store, in, training);
      x = out.head();
      caches.add(out.get(1));
      caches.add(out.get(2));
    }
    NDList hidden = norm.forward(store, new NDList(x), training);
    NDArray logits =
        head == null
            ? embedding.scores(store, hidden.head(), training)
            : head.forward(store, hidden, training).head();
    return cached ? new NDList(logits, hidden.head()).addAll(caches) : new NDList(logits);
  }

  private static long[] longs(NDArray positions) {
    return positions.toType(DataType.INT64, false).toLongArray();
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    Shape ids = inputs[0];
    return new Shape[] {ids.add(config.vocab())};
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
    Shape ids = inputs[0];
    embedding.initialize(manager, type, ids);
    Shape x = ids.add(config.dim());
    layers.forEach(l -> l.initialize(manager, type, x));
    norm.initialize(manager, type, x);
    if (head != null) {
      head.initialize(manager, type, x);
    }
  }

  /**
   * Takes the weights of a model; the parameters are created before, and keep their arrays.
   *
   * @param weights of the same shape
   * @throws FiligreeException FIL-0712 for a weight that is not finite, FIL-0830 for another shape
   */
  public void load(DecoderWeights weights) {
    ConfigDifference.betweenShapes(weights.config(), config)
        .ifPresent(
            d -> {
              throw new FiligreeException(Message.FIL_0830, d.part(), d.first(), d.second());
            });
    parameters()
        .forEach(
            (name, parameter) ->
                Weights.write(parameter.getArray(), Tensors.finite(weights, name).asFloatBuffer()));
  }

  /**
   * The weights as they are whenever they are read, under the names of Hugging Face: to be written
   * as a directory, or packed and served. Where layers train straight-through, first {@code
   * Filigree.finish} writes their zeros.
   */
  public DecoderWeights weights() {
    return new WeightsOfBlock(config, parameters());
  }

  /**
   * What annotations on its layers say of activations, with the thresholds that {@code
   * Filigree.calibrate} found: for a session of the same weights packed, or for a directory.
   *
   * <pre>{@code
   * ActivationSetting skipped = decoder.activation();
   * try (PackedDecoder packed =
   *     PackedDecoder.pack(decoder.weights(), skipped.packing(ValueType.F32))) {
   *   DecoderSession session = packed.newSession(new SessionSettings(n, skipped, Scope.ALL, 0));
   * }
   * }</pre>
   *
   * <p>CATS or RELU on all feed-forward blocks is the setting of that name. Anything else, another
   * method, single projections or layers, is one that says for every layer what it skips.
   *
   * @return {@code ActivationSetting.NONE} where nothing is declared
   * @throws FiligreeException FIL-0881 where a threshold is not calibrated, FIL-0882 where the
   *     packed decoder cannot do what is declared: CATS, CHESS or RELU in one layer and inputs of
   *     gate, up or down in another, or inputs of the head; FIL-0218 for declarations that are not
   *     legal
   */
  public ActivationSetting activation() {
    return DeclaredActivation.of(this, head);
  }

  /** Parameters by the names Hugging Face gives their tensors, in the order of its files. */
  Map<String, Parameter> parameters() {
    Map<String, Parameter> all = new LinkedHashMap<>();
    all.put(DecoderWeights.EMBEDDING, embedding.table());
    for (int l = 0; l < layers.size(); l++) {
      DecoderLayer layer = layers.get(l);
      all.put(DecoderWeights.attentionNorm(l), layer.attentionNorm().gain());
      for (Projection p : Projection.values()) {
        Linear linear = layer.projection(p);
        all.put(p.weight(l), linear.getDirectParameters().get("weight"));
        if (p.hasBias(config)) {
          all.put(p.bias(l), linear.getDirectParameters().get("bias"));
        }
      }
      all.put(DecoderWeights.feedForwardNorm(l), layer.feedForwardNorm().gain());
    }
    all.put(DecoderWeights.FINAL_NORM, norm.gain());
    if (head != null) {
      all.put(DecoderWeights.HEAD, head.getDirectParameters().get("weight"));
    }
    if (!all.keySet().equals(TensorShapes.of(config).keySet())) {
      throw new IllegalStateException("the blocks are not those of the configuration");
    }
    return all;
  }
}
