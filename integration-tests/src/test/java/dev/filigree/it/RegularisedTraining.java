package dev.filigree.it;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.block.GatedFeedForward;
import dev.filigree.djl.train.Weights;
import dev.filigree.kernel.Activation;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** A block under ProSparse's regulariser, and its gradients by a loss written by hand. */
abstract class RegularisedTraining {
  static final int ROWS = 6;
  static final int IN = 8;
  static final int HIDDEN = 12;
  static final int OUT = 3;
  static final double LAMBDA = 0.5;
  static final double CLOSE = 1e-6;

  /** down(ReLU(gate(x)) * up(x)); keeps its hidden units, and shows them to Filigree on demand. */
  static class Plain extends AbstractBlock implements GatedFeedForward {
    final Linear w1 = addChildBlock("w1", Linear.builder().setUnits(HIDDEN).build());
    final Linear w3 = addChildBlock("w3", Linear.builder().setUnits(HIDDEN).build());
    final Linear w2 = addChildBlock("w2", Linear.builder().setUnits(OUT).build());
    NDArray hidden;
    private final boolean shows;

    Plain(boolean shows) {
      this.shows = shows;
    }

    @Override
    public Block gate() {
      return w1;
    }

    @Override
    public Block up() {
      return w3;
    }

    @Override
    public Block down() {
      return w2;
    }

    @Override
    public Activation activation() {
      return Activation.RELU;
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDArray g = w1.forward(store, inputs, training).head();
      NDArray u = w3.forward(store, inputs, training).head();
      hidden = ai.djl.nn.Activation.relu(g).mul(u);
      if (training && shows) {
        Filigree.hidden(w2, hidden);
      }
      return w2.forward(store, new NDList(hidden), training);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return new Shape[] {new Shape(inputs[0].get(0), OUT)};
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
      w1.initialize(manager, type, shapes[0]);
      w3.initialize(manager, type, shapes[0]);
      w2.initialize(manager, type, new Shape(shapes[0].get(0), HIDDEN));
    }
  }

  @ActivationSparse(
      method = ActivationMethod.RELU,
      gate = "w1",
      up = "w3",
      down = "w2",
      lambda = LAMBDA)
  static final class Regularised extends Plain {
    Regularised(boolean shows) {
      super(shows);
    }
  }

  static Optimizer still() {
    return Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0)).build();
  }

  static void copy(Block from, Block to) {
    for (int i = 0; i < from.getParameters().size(); i++) {
      NDArray w = from.getParameters().valueAt(i).getArray();
      Weights.write(to.getParameters().valueAt(i).getArray(), FloatBuffer.wrap(w.toFloatArray()));
    }
  }

  static Map<String, float[]> gradients(Block block) {
    Map<String, float[]> out = new LinkedHashMap<>();
    for (Pair<String, Parameter> p : block.getParameters()) {
      try (NDArray g = p.getValue().getArray().getGradient()) {
        out.put(p.getKey(), g.toFloatArray());
      }
    }
    return out;
  }

  static double largestDifference(Map<String, float[]> a, Map<String, float[]> b) {
    double largest = 0;
    for (Map.Entry<String, float[]> e : a.entrySet()) {
      float[] x = e.getValue();
      float[] y = b.get(e.getKey());
      for (int i = 0; i < x.length; i++) {
        largest = Math.max(largest, Math.abs(x[i] - y[i]));
      }
    }
    return largest;
  }

  /** What a loss written by hand gives: loss + lambda * mean |h| on the same weights. */
  static Map<String, float[]> byHand(Block weights, NDManager data, double lambda) {
    Plain block = new Plain(false);
    try (Model model = Model.newInstance("hand", "PyTorch");
        NDManager manager = data.newSubManager()) {
      model.setBlock(block);
      try (Trainer trainer =
          model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(still()))) {
        trainer.initialize(new Shape(ROWS, IN));
        copy(weights, block);
        try (GradientCollector collector = trainer.newGradientCollector()) {
          NDList y = trainer.forward(new NDList(x(manager)));
          NDArray loss = trainer.getLoss().evaluate(new NDList(y(manager)), y);
          NDArray factor = manager.create((float) lambda);
          collector.backward(loss.add(block.hidden.abs().mean().mul(factor)));
        }
        return gradients(block);
      }
    }
  }

  static NDArray x(NDManager manager) {
    return manager.create(values(ROWS * IN, 7), new Shape(ROWS, IN));
  }

  static NDArray y(NDManager manager) {
    return manager.create(values(ROWS * OUT, 8), new Shape(ROWS, OUT));
  }

  static float[] values(int n, long seed) {
    Random random = new Random(seed);
    float[] out = new float[n];
    for (int i = 0; i < n; i++) {
      out[i] = (float) random.nextGaussian();
    }
    return out;
  }

  static void backward(Trainer trainer, NDManager manager, GradientCollector collector) {
    NDList out = trainer.forward(new NDList(x(manager)));
    collector.backward(trainer.getLoss().evaluate(new NDList(y(manager)), out));
  }

  static void pass(Trainer trainer) {
    try (NDManager manager = trainer.getManager().newSubManager();
        GradientCollector collector = trainer.newGradientCollector()) {
      backward(trainer, manager, collector);
    }
  }
}
