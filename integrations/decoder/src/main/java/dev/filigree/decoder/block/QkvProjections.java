package dev.filigree.decoder.block;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.djl.block.SharedInput;
import java.util.List;

/**
 * Query, key and value of one input: [..., dim] to [..., heads * headDim] and twice [..., kvHeads *
 * headDim]. Where their inputs are skipped, {@code Filigree.pack} answers the three in one call.
 */
public final class QkvProjections extends AbstractBlock implements SharedInput {
  private final Linear query;
  private final Linear key;
  private final Linear value;

  /** The projections of a decoder's layer. */
  public QkvProjections(DecoderConfig config) {
    query = addChildBlock("query", linear(config.qDim(), config.qkvBias()));
    key = addChildBlock("key", linear(config.kvDim(), config.qkvBias()));
    value = addChildBlock("value", linear(config.kvDim(), config.qkvBias()));
  }

  static Linear linear(int units, boolean bias) {
    return Linear.builder().setUnits(units).optBias(bias).build();
  }

  /** The query projection. */
  public Linear query() {
    return query;
  }

  /** The key projection. */
  public Linear key() {
    return key;
  }

  /** The value projection. */
  public Linear value() {
    return value;
  }

  @Override
  public List<Block> projections() {
    return List.of(query, key, value);
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store, NDList x, boolean training, PairList<String, Object> params) {
    NDList out = new NDList();
    for (Block projection : projections()) {
      out.addAll(projection.forward(store, x, training));
    }
    return out;
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return projections().stream().map(p -> p.getOutputShapes(inputs)[0]).toArray(Shape[]::new);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
    projections().forEach(p -> p.initialize(manager, type, inputs));
  }
}
