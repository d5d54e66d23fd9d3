package dev.filigree.djl.bind;

import ai.djl.nn.Parameter;
import dev.filigree.mask.Mask;
import dev.filigree.plan.WeightPlan;
import java.util.Map;

/**
 * Masks that were chosen once and hold from then on: training keeps them, finish applies them, and
 * no criterion chooses anew.
 *
 * @param plan what they amount to, for summaries and files; hard, and never counted globally
 * @param masks by the id of the parameter, in matrix order
 */
public record PinnedMasks(WeightPlan plan, Map<String, Mask> masks) {
  /** Copies. */
  public PinnedMasks {
    masks = Map.copyOf(masks);
  }

  /** The mask of a parameter. */
  public Mask of(Parameter parameter) {
    return masks.get(parameter.getId());
  }
}
