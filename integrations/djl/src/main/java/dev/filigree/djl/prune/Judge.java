package dev.filigree.djl.prune;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import java.util.Optional;

/** A fitness on fixed data: the caller's, or the divergence from the outputs at the start. */
final class Judge {
  private final Model model;
  private final Samples data;
  private final ModelFitness fitness;
  private final int batches;

  Judge(Model model, Samples data, Optional<ModelFitness> wanted) {
    this.model = model;
    this.data = data;
    this.fitness = wanted.orElseGet(() -> new Divergence(model, data)::of);
    int[] count = new int[1];
    try (NDManager manager = model.getNDManager().newSubManager()) {
      data.forEach(manager, (i, batch, labels) -> count[0]++);
    }
    this.batches = count[0];
  }

  /** The model as it is now, on a share of the batches, at least one. */
  double of(double share) {
    int some = (int) Math.max(1, Math.ceil(share * batches));
    return fitness.of(model, data.first(some));
  }
}
