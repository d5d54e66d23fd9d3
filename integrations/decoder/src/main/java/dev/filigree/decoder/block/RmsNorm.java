package dev.filigree.decoder.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/**
 * RMSNorm (Zhang and Sennrich 2019): x / sqrt(mean(x^2) + epsilon) * gain over the last dimension,
 * [..., dim] to [..., dim].
 */
public final class RmsNorm extends AbstractBlock {
  private static final int[] LAST = {-1};

  private final double epsilon;
  private final Parameter gain;

  /**
   * A norm whose gains begin as ones.
   *
   * @param dim length of the last dimension
   * @param epsilon added to the mean, 0 or more
   */
  public RmsNorm(int dim, double epsilon) {
    this.epsilon = epsilon;
    gain =
        addParameter(
            Parameter.builder()
                .setName("gain")
                .setType(Parameter.Type.GAMMA)
                .optShape(new Shape(dim))
                .build());
  }

  /** The gains [dim]. */
  public Parameter gain() {
    return gain;
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
    NDArray x = inputs.head();
    NDArray scale = x.square().mean(LAST, true).add(epsilon).sqrt();
    return new NDList(x.div(scale).mul(store.getValue(gain, x.getDevice(), training)));
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return inputs;
  }
}
