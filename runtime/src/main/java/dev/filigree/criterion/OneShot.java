package dev.filigree.criterion;

import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Scope;
import dev.filigree.kernel.Workers;
import dev.filigree.mask.GlobalSelection;
import dev.filigree.mask.Mask;
import dev.filigree.mask.MaskSelection;
import dev.filigree.mask.ScoredTensor;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

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
    return finish(
        layer, MaskSelection.select(plan.selection(), plan.sparsity(), scored(layer), workers));
  }

  /**
   * Prunes layers; with {@link Scope#GLOBAL} one count is shared by all of them. The scores of one
   * layer at a time are in memory.
   *
   * @return one result per layer, in the order given
   */
  public List<Pruned> pruneAll(List<Layer> layers) {
    if (plan.scope() != Scope.GLOBAL) {
      return layers.stream().map(this::prune).toList();
    }
    Map<String, Layer> byName = new HashMap<>();
    layers.forEach(layer -> byName.put(layer.name(), layer));
    GlobalSelection chosen =
        choose(
            layers.stream()
                .map(l -> new GlobalSelection.Matrix(l.name(), l.rows(), l.cols()))
                .toList(),
            byName::get);
    return layers.stream().map(layer -> prune(layer, chosen)).toList();
  }

  /**
   * What goes where all layers share one count. Layers are asked for one after the other, several
   * times, so that they need not be in memory together.
   *
   * @param matrices the layers' names and sizes
   * @param layers a layer by its name, the same every time, with what the method needs
   * @throws FiligreeException as {@link GlobalSelection#of}, FIL-0420 where the method lacks
   *     statistics or gradients
   */
  public GlobalSelection choose(
      List<GlobalSelection.Matrix> matrices, Function<String, Layer> layers) {
    return GlobalSelection.of(
        plan.selection(), plan.sparsity(), matrices, name -> scored(layers.apply(name)));
  }

  /** Prunes one of the layers that share a count. */
  public Pruned prune(Layer layer, GlobalSelection chosen) {
    return finish(layer, chosen.mask(scored(layer)));
  }

  private ScoredTensor scored(Layer layer) {
    return new ScoredTensor(layer.name(), layer.rows(), layer.cols(), scores(layer));
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
