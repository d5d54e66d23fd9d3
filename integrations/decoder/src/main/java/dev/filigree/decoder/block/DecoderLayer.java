package dev.filigree.decoder.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.Projection;

/**
 * A layer of the decoder: x + attention(norm(x)), then x + feedForward(norm(x)). Inputs and outputs
 * are those of {@link GroupedQueryAttention}.
 */
public final class DecoderLayer extends AbstractBlock {
  private final RmsNorm attentionNorm;
  private final GroupedQueryAttention attention;
  private final RmsNorm feedForwardNorm;
  private final SwiGlu feedForward;

  DecoderLayer(DecoderConfig config, RotaryPositions positions, SwiGlu feedForward) {
    attentionNorm = addChildBlock("attentionNorm", new RmsNorm(config.dim(), config.normEpsilon()));
    attention = addChildBlock("attention", new GroupedQueryAttention(config, positions));
    feedForwardNorm =
        addChildBlock("feedForwardNorm", new RmsNorm(config.dim(), config.normEpsilon()));
    this.feedForward = addChildBlock("feedForward", feedForward);
  }

  /** The norm before attention. */
  public RmsNorm attentionNorm() {
    return attentionNorm;
  }

  /** Attention. */
  public GroupedQueryAttention attention() {
    return attention;
  }

  /** The norm before the feed-forward block. */
  public RmsNorm feedForwardNorm() {
    return feedForwardNorm;
  }

  /** The feed-forward block. */
  public SwiGlu feedForward() {
    return feedForward;
  }

  /** One of the seven projections. */
  public Linear projection(Projection projection) {
    return switch (projection) {
      case Q -> attention.projections().query();
      case K -> attention.projections().key();
      case V -> attention.projections().value();
      case O -> attention.output();
      case GATE -> feedForward.gate();
      case UP -> feedForward.up();
      case DOWN -> feedForward.down();
    };
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
    NDArray x = inputs.head();
    NDList attended = new NDList(inputs);
    attended.set(0, attentionNorm.forward(store, new NDList(x), training).head());
    NDList out = attention.forward(store, attended, training);
    NDArray y = x.add(out.head());
    NDList normed = feedForwardNorm.forward(store, new NDList(y), training);
    return new NDList(
        y.add(feedForward.forward(store, normed, training).head()), out.get(1), out.get(2));
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return attention.getOutputShapes(inputs);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
    Shape x = inputs[0];
    attentionNorm.initialize(manager, type, x);
    attention.initialize(manager, type, x);
    feedForwardNorm.initialize(manager, type, x);
    feedForward.initialize(manager, type, x);
  }
}
