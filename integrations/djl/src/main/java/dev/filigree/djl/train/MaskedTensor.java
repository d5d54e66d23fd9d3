package dev.filigree.djl.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import dev.filigree.annotations.Scope;
import dev.filigree.criterion.Criteria;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.WeightLayout;
import dev.filigree.mask.Mask;
import dev.filigree.mask.MaskSelection;
import dev.filigree.plan.WeightPlan;
import dev.filigree.schedule.SparsityRamp;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One weight parameter under a plan: its ramp, its current mask, and the mask as an array on each
 * device.
 */
final class MaskedTensor {
  private final Binding binding;
  private final Parameter parameter;
  private final WeightPlan plan;
  private final WeightLayout layout;
  private final long seed;
  private final SparsityRamp ramp;
  private final Map<String, NDArray> arrays = new HashMap<>();
  private Mask mask;
  private boolean resumed;

  MaskedTensor(
      Binding binding, Parameter parameter, WeightPlan plan, SparsityRamp ramp, long seed) {
    this.binding = binding;
    this.parameter = parameter;
    this.plan = plan;
    this.layout = WeightLayout.of(binding.kind(), parameter.getShape());
    this.ramp = ramp;
    this.seed = seed;
  }

  Binding binding() {
    return binding;
  }

  Parameter parameter() {
    return parameter;
  }

  WeightPlan plan() {
    return plan;
  }

  SparsityRamp ramp() {
    return ramp;
  }

  /** The mask in force, or null before the schedule starts. */
  Mask mask() {
    return mask;
  }

  String name() {
    return binding.weights().size() == 1
        ? binding.path()
        : binding.path() + "/" + parameter.getName();
  }

  int rows() {
    return layout.rows();
  }

  int cols() {
    return layout.cols();
  }

  /** Scores of the weights as they are now, in matrix order. */
  double[] scores(NDArray weight) {
    double[][] out = new double[1][];
    Weights.read(
        weight,
        w ->
            out[0] =
                Criteria.scores(
                    plan.criterion(),
                    layout.toMatrix(w),
                    layout.rows(),
                    layout.cols(),
                    seed,
                    name()));
    return out[0];
  }

  /** The mask that the weights as they are now get at a sparsity. */
  Mask select(NDArray weight, double sparsity) {
    return MaskSelection.select(plan, sparsity, scores(weight), layout.rows(), layout.cols());
  }

  /** The mask that the zeros of the weights as they are now amount to. */
  Mask nonZeros(NDArray weight) {
    Mask[] out = new Mask[1];
    Weights.read(
        weight, w -> out[0] = Mask.ofNonZeros(layout.toMatrix(w), layout.rows(), layout.cols()));
    return out[0];
  }

  /**
   * The mask of the declared pattern that the weights have already, if they do. Scores play no part
   * in that: a mask by another criterion, or one drawn at random, counts as well.
   */
  Optional<Mask> declaredMask(NDArray weight) {
    Mask now = nonZeros(weight);
    Mask legal = MaskSelection.select(plan, plan.sparsity(), indicator(now), rows(), cols());
    return legal.keptCount() >= now.keptCount() && legal.contains(now)
        ? Optional.of(legal)
        : Optional.empty();
  }

  /** Goes on under a pinned mask, or that of a training before this one, if the weights have it. */
  void resume(NDArray weight) {
    if (binding.pinned() != null) {
      resume(binding.pinned().of(parameter));
      return;
    }
    if (plan.sparsity() > 0 && plan.scope() != Scope.GLOBAL) {
      Optional<Mask> before = declaredMask(weight);
      // Fewer weights than the mask keeps is no training but an initialisation with zeros.
      if (before.isPresent() && before.get().keptCount() == nonZeros(weight).keptCount()) {
        resume(before.get());
      }
    }
  }

  /** Goes on under a mask the weights have already. */
  void resume(Mask before) {
    mask = before;
    resumed = true;
  }

  /** Whether the mask is that of a training before this one, and stays. */
  boolean isResumed() {
    return resumed;
  }

  /** Scores that put what a mask removes first: 0 for removed, 1 for kept. */
  double[] indicator(Mask m) {
    FloatBuffer f = FloatBuffer.allocate(layout.rows() * layout.cols());
    m.writeTo(f);
    double[] scores = new double[f.capacity()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = f.get(i);
    }
    return scores;
  }

  void setMask(Mask newMask) {
    mask = newMask;
    closeArrays();
  }

  /** The mask as ones and zeros in the shape of the weight, on its device. */
  NDArray maskArray(NDManager manager, NDArray like) {
    return arrays.computeIfAbsent(
        like.getDevice().toString(), d -> Weights.create(manager, toArray(mask, 1, 0), like));
  }

  /** Kept ones as a factor and removed ones as another, in the order of the array. */
  FloatBuffer toArray(Mask m, float kept, float removed) {
    FloatBuffer f = FloatBuffer.allocate(layout.rows() * layout.cols());
    m.writeTo(f);
    if (kept != 1 || removed != 0) {
      float[] a = f.array();
      for (int i = 0; i < a.length; i++) {
        a[i] = a[i] != 0 ? kept : removed;
      }
    }
    f.rewind();
    return layout.toArray(f);
  }

  void closeArrays() {
    arrays.values().forEach(NDArray::close);
    arrays.clear();
  }

  /** Zeroes what a mask removes, in place. */
  void apply(NDManager manager, NDArray weight) {
    if (mask != null) {
      Weights.mask(weight, maskArray(manager, weight));
    }
  }

  @Override
  public String toString() {
    return name() + Arrays.toString(new int[] {layout.rows(), layout.cols()});
  }
}
