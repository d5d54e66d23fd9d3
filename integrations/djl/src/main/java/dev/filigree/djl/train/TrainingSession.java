package dev.filigree.djl.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.mask.Mask;
import dev.filigree.mask.MaskSelection;
import dev.filigree.mask.ScoredTensor;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.SchedulePlan;
import dev.filigree.plan.WeightPlan;
import dev.filigree.schedule.SparsityRamp;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sparsity of one training run, driven by the optimizer steps of its trainer.
 *
 * <p>The mask of step t is computed from the weights before its update and applied to the result,
 * so neither momentum nor weight decay can revive a removed weight. Steps count from 0.
 */
final class TrainingSession implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TrainingSession.class);

  private final NDManager manager;
  private final List<MaskedTensor> hard = new ArrayList<>();
  private final List<MaskedTensor> straightThrough = new ArrayList<>();
  private final Map<MaskedTensor, LatentTensors> latent = new LinkedHashMap<>();
  private final java.util.Set<String> unplanned = new java.util.LinkedHashSet<>();
  private long step;
  private boolean warned;

  /** Starts on initialised layers; on finished ones at the declared sparsity. */
  TrainingSession(
      NDManager parent,
      List<Bindings.Layer> layers,
      long plannedSteps,
      long seed,
      boolean finished) {
    manager = parent.newSubManager();
    for (Bindings.Layer layer : layers) {
      Binding binding = layer.binding();
      WeightPlan plan = binding.plan().flatMap(p -> p.weight()).orElse(null);
      if (plan == null) {
        continue;
      }
      SparsityRamp ramp =
          finished
              ? SparsityRamp.of(SchedulePlan.oneShot(), plan.sparsity(), 1)
              : ramp(binding, plan, plannedSteps);
      List<MaskedTensor> own = new ArrayList<>();
      for (Parameter p : binding.weights()) {
        if (p.isInitialized() && Weights.isReadable(p.getArray())) {
          own.add(new MaskedTensor(binding, p, plan, ramp, seed));
        } else {
          LOG.warn(
              Message.FIL_0209.text(
                  binding.path(),
                  p.isInitialized() ? p.getArray().getDataType() : "none",
                  p.getShape()));
        }
      }
      if (plan.training() == Training.SR_STE) {
        LatentTensors tensors = new LatentTensors(own, manager);
        tensors.startStep(ramp.at(0));
        own.forEach(t -> latent.put(t, tensors));
        straightThrough.addAll(own);
        binding.setLatent(tensors);
      } else {
        own.forEach(t -> t.resume(t.parameter().getArray()));
        hard.addAll(own);
      }
    }
    resumeTogether();
    // Layers that are pruned with calibration data train dense until they are.
    hard.removeIf(t -> t.plan().criterion().needsCalibration() && !t.isResumed());
  }

  /** The same for layers that share one budget: only all of them together can have its mask. */
  private void resumeTogether() {
    Map<String, List<MaskedTensor>> groups = new LinkedHashMap<>();
    hard.stream()
        .filter(t -> t.plan().scope() == Scope.GLOBAL && t.plan().sparsity() > 0)
        .forEach(t -> groups.computeIfAbsent(t.plan().text(), k -> new ArrayList<>()).add(t));
    for (List<MaskedTensor> group : groups.values()) {
      List<Mask> now = group.stream().map(t -> t.nonZeros(t.parameter().getArray())).toList();
      List<ScoredTensor> scored = new ArrayList<>();
      for (int i = 0; i < now.size(); i++) {
        MaskedTensor t = group.get(i);
        scored.add(new ScoredTensor(t.name(), t.rows(), t.cols(), t.indicator(now.get(i))));
      }
      WeightPlan plan = group.get(0).plan();
      List<Mask> legal = MaskSelection.selectGlobal(plan, plan.sparsity(), scored);
      boolean same = true;
      for (int i = 0; i < now.size(); i++) {
        same &=
            legal.get(i).keptCount() == now.get(i).keptCount() && legal.get(i).contains(now.get(i));
      }
      for (int i = 0; same && i < now.size(); i++) {
        group.get(i).resume(legal.get(i));
      }
    }
  }

  private SparsityRamp ramp(Binding binding, WeightPlan plan, long plannedSteps) {
    SchedulePlan schedule = plan.schedule();
    if (schedule.isFractional() && plannedSteps < 1 && needsPlan(schedule)) {
      unplanned.add(binding.path());
      schedule = SchedulePlan.oneShot();
    }
    return SparsityRamp.of(schedule, plan.sparsity(), Math.max(1, plannedSteps));
  }

  private static boolean needsPlan(SchedulePlan s) {
    boolean wholeRun =
        s.kind() == dev.filigree.annotations.ScheduleKind.CONSTANT
            && s.start() == 0
            && s.end() == 1;
    boolean atOnce = s.kind() == dev.filigree.annotations.ScheduleKind.ONE_SHOT && s.start() == 0;
    return !wholeRun && !atOnce;
  }

  /** Before the optimizer runs: masks from the weights as they are, and gradients that match. */
  void beforeStep(ParameterStore store, Device[] devices) {
    unplanned.forEach(path -> LOG.warn(Message.FIL_0205.text(path)));
    unplanned.clear();
    List<MaskedTensor> due =
        hard.stream().filter(t -> !t.isResumed() && t.ramp().updatesAt(step)).toList();
    select(due, store, devices[0]);
    for (MaskedTensor t : hard) {
      if (t.mask() == null) {
        continue;
      }
      for (Device device : devices) {
        NDArray weight = store.getValue(t.parameter(), device, true);
        if (t.parameter().requiresGradient() && weight.hasGradient()) {
          try (NDArray gradient = weight.getGradient()) {
            gradient.muli(t.maskArray(manager, weight));
          }
        }
      }
    }
    for (MaskedTensor t : straightThrough) {
      pullToZero(t, store.getValue(t.parameter(), devices[0], true));
    }
  }

  /**
   * After the optimizer ran: removed weights are zero again, latent ones get a new mask at the next
   * forward pass.
   */
  void afterStep(ParameterStore store, Device[] devices) {
    for (MaskedTensor t : hard) {
      for (Device device : devices) {
        t.apply(manager, store.getValue(t.parameter(), device, true));
      }
    }
    step++;
    latent.forEach((t, l) -> l.startStep(t.ramp().at(step)));
  }

  private void select(List<MaskedTensor> due, ParameterStore store, Device device) {
    Map<String, List<MaskedTensor>> global = new LinkedHashMap<>();
    for (MaskedTensor t : due) {
      double s = t.ramp().at(step);
      if (s <= 0) {
        continue;
      }
      if (t.plan().scope() == Scope.GLOBAL) {
        global.computeIfAbsent(t.plan().text() + "@" + s, k -> new ArrayList<>()).add(t);
      } else {
        unlessNotNumbers(() -> t.setMask(t.select(store.getValue(t.parameter(), device, true), s)));
      }
    }
    global.values().forEach(group -> unlessNotNumbers(() -> selectTogether(group, store, device)));
  }

  /** A training that diverged goes on, as it would without masks; the masks it has stay. */
  private void unlessNotNumbers(Runnable selection) {
    try {
      selection.run();
    } catch (FiligreeException e) {
      if (!warned) {
        warned = true;
        LOG.warn(e.getMessage());
      }
    }
  }

  private void selectTogether(List<MaskedTensor> group, ParameterStore store, Device device) {
    List<ScoredTensor> scored =
        group.stream()
            .map(
                t ->
                    new ScoredTensor(
                        t.name(),
                        t.rows(),
                        t.cols(),
                        t.scores(store.getValue(t.parameter(), device, true))))
            .toList();
    List<Mask> masks =
        MaskSelection.selectGlobal(group.get(0).plan(), group.get(0).ramp().at(step), scored);
    for (int i = 0; i < masks.size(); i++) {
      group.get(i).setMask(masks.get(i));
    }
  }

  /**
   * SR-STE: gradient += lambda * (1 - mask) * w, on one device only, because gradients are summed
   * over devices.
   */
  private void pullToZero(MaskedTensor t, NDArray weight) {
    Mask mask = latent.get(t).mask(t, weight);
    float lambda = (float) t.plan().lambda();
    if (mask == null || lambda == 0 || !t.parameter().requiresGradient() || !weight.hasGradient()) {
      return;
    }
    try (NDArray gradient = weight.getGradient();
        NDArray w = weight.stopGradient();
        NDArray kept = w.mul(t.maskArray(manager, weight));
        NDArray removed = w.sub(kept)) {
      removed.muli(lambda);
      gradient.addi(removed);
    }
  }

  /** Steps done. */
  long steps() {
    return step;
  }

  /** Whether some parameter still holds weights that the forward pass does not see. */
  boolean isLatent() {
    return !straightThrough.isEmpty();
  }

  /**
   * Writes the zeros of straight-through methods into the parameters at the sparsity reached, and
   * ends.
   */
  @Override
  public void close() {
    for (MaskedTensor t : straightThrough) {
      NDArray weight = t.parameter().isInitialized() ? t.parameter().getArray() : null;
      if (weight != null && !weight.isReleased() && steps() > 0) {
        latent.get(t).mask(t, weight);
        t.apply(manager, weight);
      }
      if (t.binding().latent() == latent.get(t)) {
        t.binding().setLatent(null);
      }
    }
    latent.values().stream().distinct().forEach(LatentTensors::close);
    hard.forEach(MaskedTensor::closeArrays);
    manager.close();
  }

  /** Layers of a root that have a weight plan but are not initialised. */
  static boolean isReady(Block root, List<Bindings.Layer> layers) {
    return layers.stream()
        .filter(l -> l.binding().plan().isPresent())
        .flatMap(l -> l.binding().weights().stream())
        .allMatch(Parameter::isInitialized);
  }
}
