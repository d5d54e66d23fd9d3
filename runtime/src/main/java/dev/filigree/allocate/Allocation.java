package dev.filigree.allocate;

import java.util.List;
import java.util.stream.LongStream;

/**
 * How many steps each layer loses.
 *
 * @param layers in the order of the model
 * @param removed steps removed from each, 0 to its {@code units - 1}
 */
public record Allocation(List<LayerUnits> layers, List<Long> removed) {

  /** Checks the ranges. */
  public Allocation {
    layers = List.copyOf(layers);
    removed = List.copyOf(removed);
    if (layers.size() != removed.size()) {
      throw new IllegalArgumentException(layers.size() + " layers, " + removed.size() + " shares");
    }
    for (int i = 0; i < layers.size(); i++) {
      if (removed.get(i) < 0 || removed.get(i) >= layers.get(i).units()) {
        throw new IllegalArgumentException(
            layers.get(i).name() + ": " + removed.get(i) + " of " + layers.get(i).units());
      }
    }
  }

  static Allocation of(List<LayerUnits> layers, long[] removed) {
    return new Allocation(layers, LongStream.of(removed).boxed().toList());
  }

  /** The sparsity of a layer at which exactly its share is removed. */
  public double sparsity(int layer) {
    return layers.get(layer).sparsity(removed.get(layer));
  }

  /** Removed from all layers. */
  public long total() {
    long sum = 0;
    for (int i = 0; i < layers.size(); i++) {
      sum += removed.get(i) * layers.get(i).perUnit();
    }
    return sum;
  }
}
