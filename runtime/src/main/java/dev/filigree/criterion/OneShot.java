package dev.filigree.criterion;

import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Scope;
import dev.filigree.kernel.Workers;
import dev.filigree.mask.Mask;
import dev.filigree.mask.MaskSelection;
import dev.filigree.mask.ScoredTensor;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * One-shot pruning: weights and statistics of their inputs in, mask and weights out. The same
 * layer, statistics and plan give the same bits on any machine and number of threads.
 */
public final class OneShot {
  private final OneShotPlan plan;
  private final Workers workers;

  /** Pruning by a plan on the threads of the process. */
  public OneShot(OneShotPlan plan) {
    this(plan, Workers.shared());
  }

  /** The same on threads of the caller's choice. */
  public OneShot(OneShotPlan plan, Workers workers) {
    this.plan = plan;
    this.workers = workers;
  }

  /**
   * Prunes one layer. {@link Scope#GLOBAL} over a single layer is {@link Scope#LAYER}.
   *
   * @throws FiligreeException FIL-0202 where m of N:M does not divide the inputs, FIL-0420 where
   *     the method lacks statistics or gradients
   */
  public Pruned prune(Layer layer) {
    require(layer);
    if (plan.method() == OneShotMethod.SPARSEGPT) {
      Pruned pruned = new SparseGpt(plan, workers).prune(layer, this::byWanda);
      // Swapped masks go with the weights as they were: an update made for other zeros is none.
      return plan.refinement().isEmpty() || !pruned.updated()
          ? pruned
          : finish(layer, pruned.mask());
    }
    ScoredTensor scored = new ScoredTensor(layer.name(), layer.rows(), layer.cols(), scores(layer));
    return finish(layer, MaskSelection.select(plan.selection(), plan.sparsity(), scored, workers));
  }

  /**
   * Prunes layers; with {@link Scope#GLOBAL} one count is shared by all of them, and the scores of
   * all are in memory at once, 8 bytes a weight.
   *
   * @return one result per layer, in the order given
   */
  public List<Pruned> pruneAll(List<Layer> layers) {
    if (plan.scope() != Scope.GLOBAL) {
      return layers.stream().map(this::prune).toList();
    }
    List<ScoredTensor> scored = new ArrayList<>();
    for (Layer layer : layers) {
      require(layer);
      scored.add(new ScoredTensor(layer.name(), layer.rows(), layer.cols(), scores(layer)));
    }
    List<Mask> masks = MaskSelection.selectGlobal(plan.selection(), plan.sparsity(), scored);
    List<Pruned> out = new ArrayList<>();
    for (int i = 0; i < masks.size(); i++) {
      out.add(finish(layers.get(i), masks.get(i)));
    }
    return out;
  }

  /**
   * The scores [rows][cols] of a layer, the lowest removed first. SparseGPT's change while it runs
   * and are not given.
   */
  public double[] scores(Layer layer) {
    require(layer);
    return switch (plan.method()) {
      case MAGNITUDE -> plain(Criterion.MAGNITUDE, layer);
      case RANDOM -> plain(Criterion.RANDOM, layer);
      case WANDA -> wanda(layer);
      case GBLM -> gblm(layer);
      case SPARSEGPT ->
          throw new FiligreeException(
              Message.FIL_0421, "sparsegpt", "scores known in advance", "all other methods");
    };
  }

  private double[] plain(Criterion criterion, Layer layer) {
    return Criteria.scores(
        criterion, layer.weights(), layer.rows(), layer.cols(), plan.seed(), layer.name());
  }

  private double[] wanda(Layer layer) {
    double[] norms = layer.statistics().norms();
    double[] scores = new double[layer.weights().capacity()];
    FloatBuffer w = layer.weights();
    int cols = layer.cols();
    workers.run(
        layer.rows(),
        1,
        1,
        scores.length,
        (first, last) -> {
          float[] row = new float[cols];
          for (int r = first; r < last; r++) {
            w.get(r * cols, row);
            for (int c = 0; c < cols; c++) {
              scores[r * cols + c] = Math.abs((double) row[c]) * norms[c];
            }
          }
        });
    return scores;
  }

  private static double[] gblm(Layer layer) {
    Gradients g = layer.gradients();
    double[] squares = layer.statistics().squares();
    double[] scores = new double[layer.weights().capacity()];
    for (int r = 0, i = 0; r < layer.rows(); r++) {
      for (int c = 0; c < layer.cols(); c++, i++) {
        double norm = Math.sqrt(squares[c] / g.samples());
        scores[i] = Math.abs((double) layer.weights().get(i)) * (norm + g.alpha() * g.norms()[i]);
      }
    }
    return scores;
  }

  private Pruned byWanda(Layer layer) {
    OneShotPlan wanda =
        new OneShotPlan(
            OneShotMethod.WANDA,
            plan.pattern(),
            plan.sparsity(),
            plan.scope(),
            plan.seed(),
            plan.refinement());
    return new OneShot(wanda, workers).prune(layer);
  }

  private void require(Layer layer) {
    if (plan.needsInputs() && layer.statistics() == null) {
      throw missing(layer, "statistics of the layer's inputs");
    }
    if (plan.method() == OneShotMethod.GBLM && layer.gradients() == null) {
      throw missing(layer, "norms of the weights' gradients");
    }
  }

  private FiligreeException missing(Layer layer, String what) {
    String method = plan.method().label() + (plan.refinement().isPresent() ? " with dsnot" : "");
    return new FiligreeException(Message.FIL_0420, layer.name(), method, what);
  }

  private Pruned finish(Layer layer, Mask chosen) {
    Mask mask =
        plan.refinement().map(d -> d.refine(layer, chosen, plan.pattern(), workers)).orElse(chosen);
    FloatBuffer weights = FloatBuffer.allocate(layer.weights().capacity());
    weights.put(layer.weights().duplicate()).flip();
    mask.apply(weights);
    return new Pruned(layer.name(), mask, weights, false, List.of());
  }
}
