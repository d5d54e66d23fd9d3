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

/**
 * Attention whose heads share keys and values in groups (Ainslie et al. 2023), with rotary
 * positions: softmax(q k / sqrt(headDim) + mask) v, then the output projection.
 *
 * <p>Inputs: x [batch][tokens][dim], cosines, sines, mask, and, where positions came before, their
 * keys and values [batch][kvHeads][past][headDim]. Outputs: [batch][tokens][dim], and keys and
 * values with those of the tokens behind the old ones.
 */
public final class GroupedQueryAttention extends AbstractBlock {
  private final DecoderConfig c;
  private final RotaryPositions positions;
  private final QkvProjections projections;
  private final Linear output;

  GroupedQueryAttention(DecoderConfig config, RotaryPositions positions) {
    this.c = config;
    this.positions = positions;
    projections = addChildBlock("qkv", new QkvProjections(config));
    output = addChildBlock("output", QkvProjections.linear(config.dim(), config.outputBias()));
  }

  /** Query, key and value. */
  public QkvProjections projections() {
    return projections;
  }

  /** The output projection. */
  public Linear output() {
    return output;
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
    NDArray x = inputs.get(0);
    NDArray cos = inputs.get(1);
    NDArray sin = inputs.get(2);
    NDArray mask = inputs.get(3);
    long batch = x.getShape().get(0);
    long tokens = x.getShape().get(1);

    NDList qkv = projections.forward(store, new NDList(x), training);
    NDArray q = byHead(positions.rotate(heads(qkv.get(0), c.heads()), cos, sin));
    NDArray k = byHead(positions.rotate(heads(qkv.get(1), c.kvHeads()), cos, sin));
    NDArray v = byHead(heads(qkv.get(2), c.kvHeads()));
    if (inputs.size() > 4) {
      k = inputs.get(4).concat(k, 2);
      v = inputs.get(5).concat(v, 2);
    }
    long seen = k.getShape().get(2);

    // The queries of a group lie behind each other, so their keys need no copies.
    Shape perGroup = new Shape(batch, c.kvHeads(), c.heads() / c.kvHeads() * tokens, c.headDim());
    // An array of its own: DJL closes the one it makes of a number, and the gradient would read
    // memory that is no longer there.
    NDArray scale = x.getManager().create((float) (1 / Math.sqrt(c.headDim())));
    NDArray scores = q.reshape(perGroup).mul(scale).matMul(k.transpose(0, 1, 3, 2));
    NDArray shares = scores.reshape(batch, c.heads(), tokens, seen).add(mask).softmax(-1);
    NDArray mixed = shares.reshape(perGroup.slice(0, 3).add(seen)).matMul(v);
    NDArray joined =
        mixed
            .reshape(batch, c.heads(), tokens, c.headDim())
            .transpose(0, 2, 1, 3)
            .reshape(batch, tokens, c.qDim());
    return new NDList(output.forward(store, new NDList(joined), training).head(), k, v);
  }

  /** [batch][tokens][heads * headDim] as [batch][tokens][heads][headDim]. */
  private NDArray heads(NDArray x, int heads) {
    return x.reshape(x.getShape().slice(0, 2).add(heads, c.headDim()));
  }

  /** [batch][tokens][heads][headDim] as [batch][heads][tokens][headDim]. */
  private static NDArray byHead(NDArray x) {
    return x.transpose(0, 2, 1, 3);
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    Shape x = inputs[0];
    long past = inputs.length > 4 ? inputs[4].get(2) : 0;
    Shape cache = new Shape(x.get(0), c.kvHeads(), past + x.get(1), c.headDim());
    return new Shape[] {x, cache, cache};
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
    projections.initialize(manager, type, inputs[0]);
    output.initialize(manager, type, inputs[0].slice(0, 2).add(c.qDim()));
  }
}
