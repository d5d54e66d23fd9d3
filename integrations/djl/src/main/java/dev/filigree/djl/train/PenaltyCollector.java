package dev.filigree.djl.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.GradientCollector;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Adds ProSparse's penalty, lambda * mean |h| for every forward pass of a regularised block, to
 * what is differentiated; the value the caller has of its loss stays that of the loss. Forward
 * passes count from the opening of the collector on, on the thread that calls backward (on all
 * where that one had none), each once, and in training only.
 */
final class PenaltyCollector implements GradientCollector {
  // An engine has one collector at a time.
  private static volatile PenaltyCollector open;

  private final GradientCollector collector;
  private final Map<Binding, Double> lambdas;
  private final Runnable unseen;
  private final Map<Thread, List<Term>> pending = new ConcurrentHashMap<>();

  /** lambda and mean |h| of one forward pass. */
  private record Term(double lambda, NDArray mean) {}

  /**
   * @param lambdas the factors of this step by the binding of down
   * @param unseen is called where backward finds no forward pass
   */
  PenaltyCollector(GradientCollector collector, Map<Binding, Double> lambdas, Runnable unseen) {
    this.collector = collector;
    this.lambdas = lambdas;
    this.unseen = unseen;
    open = this;
  }

  static boolean isOpen() {
    return open != null;
  }

  /** A layer's forward in training begins; what is not regularised passes at once. */
  static void see(Block layer, NDArray input) {
    PenaltyCollector now = open;
    Binding binding = now == null ? null : Bindings.get(layer);
    Double lambda = binding == null ? null : now.lambdas.get(binding);
    if (lambda == null) {
      return;
    }
    // The graph keeps what it needs of the magnitudes.
    try (NDArray magnitudes = input.abs()) {
      Term term = new Term(lambda, magnitudes.mean());
      now.pending.computeIfAbsent(Thread.currentThread(), t -> new ArrayList<>()).add(term);
    }
  }

  @Override
  public void backward(NDArray target) {
    List<Term> terms = take();
    if (terms.isEmpty()) {
      unseen.run();
      collector.backward(target);
      return;
    }
    // Arrays made of numbers are read again in the backward pass, so they live until it is over.
    try (NDManager manager = target.getManager().newSubManager()) {
      NDArray total = target;
      for (Term t : terms) {
        // A target of several values is summed, and what is added to each of them with it.
        float factor = (float) (t.lambda() / target.size());
        NDArray weighted = t.mean().mul(manager.create(new float[] {factor}, new Shape()));
        weighted.attach(manager);
        total = total.add(weighted);
        total.attach(manager);
      }
      collector.backward(total);
    } finally {
      terms.forEach(t -> t.mean().close());
    }
  }

  private List<Term> take() {
    List<Term> own = pending.remove(Thread.currentThread());
    return own != null ? own : takeAll();
  }

  private List<Term> takeAll() {
    List<Term> all = new ArrayList<>();
    pending.values().forEach(all::addAll);
    pending.clear();
    return all;
  }

  @Override
  public void zeroGradients() {
    collector.zeroGradients();
  }

  @Override
  public void close() {
    if (open == this) {
      open = null;
    }
    takeAll().forEach(t -> t.mean().close());
    collector.close();
  }
}
