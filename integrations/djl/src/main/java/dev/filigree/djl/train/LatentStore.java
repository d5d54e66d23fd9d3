package dev.filigree.djl.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.filigree.djl.bind.Binding;
import java.util.List;
import java.util.function.Supplier;

/** The store of a trainer without woven forwards: shows the masked values of all latent layers. */
final class LatentStore extends DelegatingStore {
  private final ParameterStore raw;
  private final Supplier<List<Binding>> layers;

  LatentStore(ParameterStore raw, Supplier<List<Binding>> layers) {
    super(raw);
    this.raw = raw;
    this.layers = layers;
  }

  /** The store itself, or the one behind it that shows weights as they are. */
  static ParameterStore raw(ParameterStore store) {
    return store instanceof LatentStore latent ? latent.raw : store;
  }

  @Override
  public NDArray getValue(Parameter parameter, Device device, boolean training) {
    NDArray weight = super.getValue(parameter, device, training);
    for (Binding layer : layers.get()) {
      if (layer.latent() instanceof LatentTensors latent) {
        NDArray effective = latent.effective(parameter, weight, training);
        if (effective != weight) {
          return effective;
        }
      }
    }
    return weight;
  }
}
