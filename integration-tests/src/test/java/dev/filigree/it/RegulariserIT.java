package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import dev.filigree.djl.Filigree;
import dev.filigree.plan.ActivationPlan;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.LayerPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** ProSparse's regulariser under the agent is the gradient of loss + lambda * mean |h|. */
class RegulariserIT extends RegularisedTraining {
  private interface Work {
    void on(Trainer trainer, Regularised block) throws Exception;
  }

  private static void with(Work work) throws Exception {
    Regularised block = new Regularised(false);
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
      Regularised block = new Regularised(false);
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
