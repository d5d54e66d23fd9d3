package dev.filigree.decoder.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/** The row of a table for every token id, [...] to [..., dim]; also the head where it is tied. */
public final class TokenEmbedding extends AbstractBlock {
  private final int dim;
  private final Parameter table;

  /**
   * A table of that many rows.
   *
   * @param vocab token ids
   * @param dim length of a row
   */
  public TokenEmbedding(int vocab, int dim) {
    this.dim = dim;
    table =
        addParameter(
            Parameter.builder()
                .setName("table")
                .setType(Parameter.Type.WEIGHT)
                .optShape(new Shape(vocab, dim))
                .build());
  }

  /** The rows [vocab][dim]. */
  public Parameter table() {
    return table;
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
    NDArray ids = inputs.head().toType(DataType.INT64, false);
    NDArray rows = store.getValue(table, ids.getDevice(), training);
    return Embedding.embedding(ids, rows, SparseFormat.DENSE);
  }

  /** The product of every row with x, [..., dim] to [..., vocab]: a head tied to the embedding. */
  NDArray scores(ParameterStore store, NDArray x, boolean training) {
    NDArray rows = store.getValue(table, x.getDevice(), training);
    return Linear.linear(x, rows, null).head();
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {inputs[0].add(dim)};
  }
}
