package dev.filigree.djl.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;

/** A parameter store that shows the masked values of one layer's latent weights. */
final class StraightThroughStore extends DelegatingStore {
  private final LatentTensors latent;

  StraightThroughStore(ParameterStore delegate, LatentTensors latent) {
    super(delegate);
    this.latent = latent;
  }

  boolean shows(LatentTensors tensors) {
    return latent == tensors;
  }

  @Override
  public NDArray getValue(Parameter parameter, Device device, boolean training) {
    return latent.effective(parameter, super.getValue(parameter, device, training), training);
  }
}
