package dev.filigree.djl.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.filigree.djl.bind.LatentWeights;
import dev.filigree.mask.Mask;
import dev.filigree.plan.FiligreeException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The latent weights of one layer under a straight-through method: the forward pass sees w * mask,
 * the gradient reaches all of w.
 *
 * <p>In training the value is w + stopGradient(w * mask - w), one array per forward pass, owned
 * here and closed after the optimizer step (an array on the weight's own manager would live as long
 * as the model). The mask is chosen from the weights as they are at the first forward pass after a
 * step.
 */
final class LatentTensors implements LatentWeights {
  /**
   * Forward passes without an optimizer step between them, after which the oldest value is closed.
   */
  private static final int MOST_LIVE = 64;

  private static final Logger LOG = LoggerFactory.getLogger(LatentTensors.class);

  private final Map<String, MaskedTensor> tensors = new HashMap<>();
  private final NDManager manager;
  private final Deque<NDArray> live = new ArrayDeque<>();
  private final Map<String, NDArray> deltas = new HashMap<>();
  private final Map<String, NDArray> masked = new HashMap<>();
  private final List<NDArray> retired = new ArrayList<>();
  private int readers;
  private boolean closed;
  private double sparsity;
  private final Set<MaskedTensor> chosen = new HashSet<>();
  private boolean warned;

  LatentTensors(List<MaskedTensor> own, NDManager manager) {
    own.forEach(t -> tensors.put(t.parameter().getId(), t));
    this.manager = manager;
  }

  @Override
  public ParameterStore view(ParameterStore store) {
    return store instanceof StraightThroughStore s && s.shows(this)
        ? store
        : new StraightThroughStore(store, this);
  }

  /** Sets the scheduled sparsity of the coming step; weights have changed. */
  synchronized void startStep(double newSparsity) {
    sparsity = newSparsity;
    chosen.clear();
    List<NDArray> old = new ArrayList<>(live);
    old.addAll(deltas.values());
    old.forEach(NDArray::close);
    retired.addAll(masked.values());
    closeUnread();
    live.clear();
    deltas.clear();
    masked.clear();
  }

  @Override
  public synchronized void hold() {
    readers++;
  }

  @Override
  public synchronized void release() {
    readers--;
    closeUnread();
  }

  /** A thread that evaluates beside the training may still read what a step made stale. */
  private void closeUnread() {
    if (readers == 0) {
      retired.forEach(NDArray::close);
      retired.clear();
    }
  }

  /**
   * The mask in force for a tensor; chosen now if the step has none yet. Null while nothing is
   * removed.
   */
  synchronized Mask mask(MaskedTensor tensor, NDArray weight) {
    choose(tensor, weight);
    return tensor.mask();
  }

  synchronized NDArray effective(Parameter parameter, NDArray weight, boolean training) {
    // A layer without bias asks for it all the same, with no parameter.
    MaskedTensor tensor = parameter == null ? null : tensors.get(parameter.getId());
    if (tensor == null || closed) {
      return weight; // closed: the zeros are in the weight
    }
    choose(tensor, weight);
    if (tensor.mask() == null) {
      return weight;
    }
    String key = parameter.getId() + weight.getDevice() + weight.getUid();
    if (!training) {
      return masked.computeIfAbsent(key, k -> maskedCopy(tensor, weight));
    }
    NDArray delta = deltas.computeIfAbsent(key, k -> delta(tensor, weight));
    NDArray value = weight.add(delta);
    value.attach(manager);
    live.add(value);
    if (live.size() > MOST_LIVE) {
      live.remove().close();
    }
    return value;
  }

  private void choose(MaskedTensor tensor, NDArray weight) {
    if (!chosen.add(tensor)) {
      return;
    }
    if (sparsity <= 0) {
      tensor.setMask(null);
      return;
    }
    try {
      tensor.setMask(tensor.select(weight, sparsity));
    } catch (FiligreeException e) {
      // A training that diverged goes on, as it would without masks; the mask before stays.
      if (!warned) {
        warned = true;
        LOG.warn(e.getMessage());
      }
    }
  }

  private NDArray maskedCopy(MaskedTensor tensor, NDArray weight) {
    try (NDArray detached = weight.stopGradient()) {
      // Stays on the weight's manager: a reader may outlive the training run. Closed when unread.
      return detached.mul(tensor.maskArray(manager, weight));
    }
  }

  private NDArray delta(MaskedTensor tensor, NDArray weight) {
    try (NDArray detached = weight.stopGradient();
        NDArray kept = detached.mul(tensor.maskArray(manager, weight))) {
      NDArray out = kept.sub(detached);
      out.attach(manager);
      return out;
    }
  }

  synchronized void close() {
    startStep(0);
    closed = true;
    tensors.values().forEach(MaskedTensor::closeArrays);
  }
}
