package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
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
import dev.filigree.plan.ActivationPlan;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.LayerPlan;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** ProSparse's regulariser under the agent is the gradient of loss + lambda * mean |h|. */
class RegulariserIT {
  private static final int ROWS = 6;
  private static final int IN = 8;
  private static final int HIDDEN = 12;
  private static final int OUT = 3;
  private static final double LAMBDA = 0.5;
  private static final double CLOSE = 1e-6;

  /** down(ReLU(gate(x)) * up(x)); shows its hidden units. */
  static class Plain extends AbstractBlock implements GatedFeedForward {
    final Linear w1 = addChildBlock("w1", Linear.builder().setUnits(HIDDEN).build());
    final Linear w3 = addChildBlock("w3", Linear.builder().setUnits(HIDDEN).build());
    final Linear w2 = addChildBlock("w2", Linear.builder().setUnits(OUT).build());
    NDArray hidden;

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
  static final class Regularised extends Plain {}

  private static Optimizer still() {
    return Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0)).build();
  }

  private static void copy(Block from, Block to) {
    for (int i = 0; i < from.getParameters().size(); i++) {
      NDArray w = from.getParameters().valueAt(i).getArray();
      Weights.write(to.getParameters().valueAt(i).getArray(), FloatBuffer.wrap(w.toFloatArray()));
    }
  }

  private static Map<String, float[]> gradients(Block block) {
    Map<String, float[]> out = new LinkedHashMap<>();
    for (Pair<String, Parameter> p : block.getParameters()) {
      try (NDArray g = p.getValue().getArray().getGradient()) {
        out.put(p.getKey(), g.toFloatArray());
      }
    }
    return out;
  }

  private static double largestDifference(Map<String, float[]> a, Map<String, float[]> b) {
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
  private static Map<String, float[]> byHand(Block weights, NDManager data, double lambda) {
    Plain block = new Plain();
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

  private static NDArray x(NDManager manager) {
    return manager.create(values(ROWS * IN, 7), new Shape(ROWS, IN));
  }

  private static NDArray y(NDManager manager) {
    return manager.create(values(ROWS * OUT, 8), new Shape(ROWS, OUT));
  }

  private static float[] values(int n, long seed) {
    Random random = new Random(seed);
    float[] out = new float[n];
    for (int i = 0; i < n; i++) {
      out[i] = (float) random.nextGaussian();
    }
    return out;
  }

  private static void backward(Trainer trainer, NDManager manager, GradientCollector collector) {
    NDList out = trainer.forward(new NDList(x(manager)));
    collector.backward(trainer.getLoss().evaluate(new NDList(y(manager)), out));
  }

  private static void pass(Trainer trainer) {
    try (NDManager manager = trainer.getManager().newSubManager();
        GradientCollector collector = trainer.newGradientCollector()) {
      backward(trainer, manager, collector);
    }
  }

  private interface Work {
    void on(Trainer trainer, Regularised block) throws Exception;
  }

  private static void with(Work work) throws Exception {
    Regularised block = new Regularised();
    try (Model model = Model.newInstance("m", "PyTorch")) {
      model.setBlock(block);
      try (Trainer trainer =
          model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(still()))) {
        trainer.initialize(new Shape(ROWS, IN));
        work.on(trainer, block);
      }
    }
  }

  @Test
  void theGradientIsThatOfALossWrittenByHand() throws Exception {
    with(
        (trainer, block) -> {
          Map<String, float[]> with = byHand(block, trainer.getManager(), LAMBDA);
          Map<String, float[]> without = byHand(block, trainer.getManager(), 0);
          assertThat(largestDifference(with, without)).isGreaterThan(1e-3);
          for (int step = 0; step < 3; step++) {
            pass(trainer);
            assertThat(largestDifference(gradients(block), with)).isLessThan(CLOSE);
            trainer.step(); // of length 0: gradients are zeroed, and nothing of them is left
          }
        });
  }

  @Test
  void onlyForwardPassesInTrainingWhileCollecting() throws Exception {
    with(
        (trainer, block) -> {
          Map<String, float[]> expected = byHand(block, trainer.getManager(), LAMBDA);
          try (NDManager manager = trainer.getManager().newSubManager()) {
            trainer.forward(new NDList(x(manager))); // no collector
            try (GradientCollector abandoned = trainer.newGradientCollector()) {
              trainer.forward(new NDList(x(manager)));
              assertThat(abandoned).isNotNull();
            }
            try (GradientCollector collector = trainer.newGradientCollector()) {
              trainer.evaluate(new NDList(x(manager)));
              backward(trainer, manager, collector);
            }
          }
          assertThat(largestDifference(gradients(block), expected)).isLessThan(CLOSE);
        });
  }

  @Test
  void aTargetOfSeveralValues() throws Exception {
    with(
        (trainer, block) -> {
          Map<String, float[]> one = byHand(block, trainer.getManager(), LAMBDA);
          try (NDManager manager = trainer.getManager().newSubManager();
              GradientCollector collector = trainer.newGradientCollector()) {
            NDArray out = trainer.forward(new NDList(x(manager))).head();
            // The terms of L2Loss: mean of (y - out)^2 / 2.
            NDArray scale = manager.create(0.5f / (ROWS * OUT));
            collector.backward(y(manager).sub(out).square().mul(scale));
          }
          assertThat(largestDifference(gradients(block), one)).isLessThan(CLOSE);
        });
  }

  @Test
  void everyThreadAddsWhatItsOwnForwardSaw() throws Exception {
    with(
        (trainer, block) -> {
          Map<String, float[]> once = byHand(block, trainer.getManager(), LAMBDA);
          try (NDManager manager = trainer.getManager().newSubManager();
              GradientCollector collector = trainer.newGradientCollector()) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
              threads.add(new Thread(() -> backward(trainer, manager, collector)));
            }
            threads.forEach(Thread::start);
            for (Thread t : threads) {
              t.join();
            }
          }
          Map<String, float[]> four = new LinkedHashMap<>();
          once.forEach(
              (name, g) -> {
                float[] sum = new float[g.length];
                for (int i = 0; i < g.length; i++) {
                  sum[i] = 4 * g[i];
                }
                four.put(name, sum);
              });
          assertThat(largestDifference(gradients(block), four)).isLessThan(4 * CLOSE);
        });
  }

  @Test
  void nothingIsLeftOnTheManagerOfTheInputs() throws Exception {
    with(
        (trainer, block) -> {
          int[] left = new int[2];
          pass(trainer);
          for (int i = 0; i < 2; i++) {
            try (NDManager manager = trainer.getManager().newSubManager()) {
              if (i == 1) {
                Filigree.bind(block, plan -> null);
              }
              try (GradientCollector collector = trainer.newGradientCollector()) {
                backward(trainer, manager, collector);
              }
              left[i] = manager.getManagedArrays().size();
            }
          }
          // One fewer: what DJL itself makes in the backward pass goes with the rest.
          assertThat(left[0]).isLessThanOrEqualTo(left[1]);
        });
  }

  private static UnaryOperator<LayerPlan> lambda(double[] factors, double... ends) {
    return plan -> {
      ActivationPlan a = plan.activation().orElseThrow();
      return plan.withActivation(a.withRelu(a.relu().withLambda(factors).withEnd(ends)));
    };
  }

  @Test
  void stagesOfAPlanGivenInCode() throws Exception {
    with(
        (trainer, block) -> {
          Filigree.bind(block, lambda(new double[] {0.2, 0.8}, 0.5, 1));
          Filigree.plannedSteps(trainer, 4);
          for (double expected : new double[] {0.2, 0.2, 0.2, 0.5, 0.8, 0.8}) {
            pass(trainer);
            Map<String, float[]> hand = byHand(block, trainer.getManager(), expected);
            assertThat(largestDifference(gradients(block), hand)).isLessThan(CLOSE);
            trainer.step();
          }
          Filigree.bind(block, lambda(new double[] {-1}));
          assertThatThrownBy(trainer::newGradientCollector)
              .isInstanceOf(FiligreeException.class)
              .hasMessageContaining("FIL-0110");
        });
  }

  @Test
  void fitDrivesHiddenUnitsToZero() throws Exception {
    double[] share = new double[2];
    for (int i = 0; i < 2; i++) {
      Regularised block = new Regularised();
      try (Model model = Models.initialised(block, new Shape(1, IN), 60)) {
        if (i == 1) {
          Filigree.bind(block, plan -> null);
        }
        NDManager manager = model.getNDManager();
        NDArray x = manager.create(values(64 * IN, 1), new Shape(64, IN));
        NDArray y = manager.create(values(64 * OUT, 2), new Shape(64, OUT));
        ArrayDataset data =
            new ArrayDataset.Builder().setData(x).optLabels(y).setSampling(16, false).build();
        Optimizer adam = Optimizer.adam().optLearningRateTracker(Tracker.fixed(1e-2f)).build();
        try (Trainer trainer =
            model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(adam))) {
          trainer.initialize(new Shape(16, IN));
          EasyTrain.fit(trainer, 40, data, null);
          trainer.evaluate(new NDList(x));
          share[i] = block.hidden.eq(0).sum().getLong() / (double) block.hidden.size();
        }
      }
    }
    assertThat(share[0]).as("zeros with, without: %s", share[1]).isGreaterThan(share[1] + 0.2);
  }
}
