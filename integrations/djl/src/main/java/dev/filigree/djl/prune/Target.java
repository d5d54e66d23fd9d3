package dev.filigree.djl.prune;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import dev.filigree.allocate.LayerUnits;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.LayerKind;
import dev.filigree.djl.bind.WeightLayout;
import dev.filigree.djl.train.Weights;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A weight to prune.
 *
 * @param block its layer
 * @param binding what is kept beside it
 * @param parameter the weight
 * @param name unique in the model: the layer's path, and the parameter's name where a layer has
 *     several
 * @param file the parameter's name as files write it
 * @param layout how it is a matrix
 * @param plan how it is pruned
 * @param dense its values before pruning, [rows][cols]
 */
record Target(
    Block block,
    Binding binding,
    Parameter parameter,
    String name,
    String file,
    WeightLayout layout,
    OneShotPlan plan,
    FloatBuffer dense) {

  /** The same weight, whatever the plan. */
  @Override
  public boolean equals(Object o) {
    return o instanceof Target t && t.parameter == parameter;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(parameter);
  }

  static FloatBuffer read(Parameter parameter, WeightLayout layout) {
    FloatBuffer copy = FloatBuffer.allocate(Math.multiplyExact(layout.rows(), layout.cols()));
    Weights.read(parameter.getArray(), w -> copy.put(layout.toMatrix(w)));
    return copy.rewind();
  }

  /** Writes matrix values into the parameter. */
  void write(FloatBuffer matrix) {
    Weights.write(parameter.getArray(), layout.toArray(matrix.duplicate().rewind()));
  }

  void restore() {
    write(dense);
  }

  Target with(OneShotPlan other) {
    return new Target(block, binding, parameter, name, file, layout, other, dense);
  }

  boolean isLinear() {
    return binding.kind() == LayerKind.LINEAR;
  }

  LayerUnits units() {
    List<Integer> shape = new ArrayList<>();
    for (long d : parameter.getArray().getShape().getShape()) {
      shape.add(Math.toIntExact(d));
    }
    return LayerUnits.of(name, shape, layout.rows(), layout.cols(), plan.pattern(), plan.scope());
  }
}
