package dev.filigree.djl.serve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.LatentWeights;
import java.util.function.Function;

/** The weights as a forward pass sees them: under a straight-through method the masked ones. */
final class ForwardWeights {
  private ForwardWeights() {}

  /**
   * Reads the weight of a Linear.
   *
   * @param reader gets it for as long as it runs
   */
  static <T> T read(Binding b, Function<NDArray, T> reader) {
    Parameter p = b.weights().get(0);
    NDArray array = p.getArray();
    LatentWeights latent = b.latent();
    if (latent == null) {
      return reader.apply(array);
    }
    latent.hold();
    try (NDManager manager = array.getManager().newSubManager()) {
      ParameterStore store = latent.view(new ParameterStore(manager, false));
      return reader.apply(store.getValue(p, array.getDevice(), false));
    } finally {
      latent.release();
    }
  }
}
