package dev.filigree.djl.train;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import dev.filigree.annotations.Scope;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.mask.Mask;
import dev.filigree.mask.MaskSelection;
import dev.filigree.mask.ScoredTensor;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.SchedulePlan;
import dev.filigree.plan.SparsityCount;
import dev.filigree.plan.WeightPlan;
import dev.filigree.schedule.SparsityRamp;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes every bound weight exactly as sparse as declared. */
public final class Finish {
  private Finish() {}

  /** Ends the runs on a model and prunes what is not as declared. */
  public static void run(Model model) {
    Block root = model.getBlock();
    TrainingHook.endRuns(root);
    Map<String, List<MaskedTensor>> groups = new LinkedHashMap<>();
    List<MaskedTensor> pinned = new ArrayList<>();
    for (Bindings.Layer layer : Bindings.bind(root).orThrow()) {
      WeightPlan plan = layer.binding().plan().flatMap(p -> p.weight()).orElse(null);
      if (plan == null) {
        continue;
      }
      SparsityRamp full = SparsityRamp.of(SchedulePlan.oneShot(), plan.sparsity(), 1);
      for (Parameter p : layer.binding().weights()) {
        if (p.isInitialized() && Weights.isReadable(p.getArray())) {
          MaskedTensor t = new MaskedTensor(layer.binding(), p, plan, full, 0);
          if (layer.binding().pinned() != null) {
            t.setMask(layer.binding().pinned().of(p));
            pinned.add(t);
            continue;
          }
          String group = plan.scope() == Scope.GLOBAL ? plan.text() : t.name();
          groups.computeIfAbsent(group, g -> new ArrayList<>()).add(t);
        }
      }
    }
    groups.values().forEach(Finish::requireCalibrated);
    try (NDManager manager = model.getNDManager().newSubManager()) {
      for (MaskedTensor t : pinned) {
        t.apply(manager, t.parameter().getArray());
        t.closeArrays();
      }
      groups.values().forEach(group -> prune(manager, group));
    }
  }

  private static void prune(NDManager manager, List<MaskedTensor> group) {
    WeightPlan plan = group.get(0).plan();
    if (plan.criterion().needsCalibration()) {
      return; // as declared, or it was refused
    }
    List<MaskedTensor> open = group.stream().filter(t -> !isAsDeclared(t)).toList();
    if (open.isEmpty()) {
      return;
    }
    if (plan.scope() == Scope.GLOBAL) {
      List<ScoredTensor> scored =
          group.stream()
              .map(
                  t ->
                      new ScoredTensor(
                          t.name(), t.rows(), t.cols(), t.scores(t.parameter().getArray())))
              .toList();
      List<Mask> masks = MaskSelection.selectGlobal(plan, plan.sparsity(), scored);
      for (int i = 0; i < masks.size(); i++) {
        group.get(i).setMask(masks.get(i));
      }
      open = group;
    } else {
      open.forEach(t -> t.setMask(t.select(t.parameter().getArray(), plan.sparsity())));
    }
    for (MaskedTensor t : open) {
      NDArray weight = t.parameter().getArray();
      t.apply(manager, weight);
      t.closeArrays();
    }
  }

  /** No criterion that needs the inputs of layers can be replaced by another in silence. */
  private static void requireCalibrated(List<MaskedTensor> group) {
    WeightPlan plan = group.get(0).plan();
    if (plan.criterion().needsCalibration()) {
      for (MaskedTensor t : group) {
        if (t.plan().scope() == Scope.GLOBAL
            ? !isShareRemoved(group)
            : t.declaredMask(t.parameter().getArray()).isEmpty()) {
          throw new FiligreeException(Message.FIL_0220, t.name(), plan.criterion());
        }
      }
    }
  }

  private static boolean isShareRemoved(List<MaskedTensor> group) {
    long all = 0;
    long kept = 0;
    for (MaskedTensor t : group) {
      all += (long) t.rows() * t.cols();
      kept += t.nonZeros(t.parameter().getArray()).keptCount();
    }
    return all - kept >= SparsityCount.floor(all, group.get(0).plan().sparsity());
  }

  private static boolean isAsDeclared(MaskedTensor t) {
    return t.plan().scope() != Scope.GLOBAL && t.declaredMask(t.parameter().getArray()).isPresent();
  }
}
