package dev.filigree.djl.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.Nets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Removed weights stay exactly zero whatever the optimizer does, in a hand-written loop without the
 * agent.
 */
class HardMaskTest {

  @ParameterizedTest
  @ValueSource(strings = {"adam", "sgd"})
  void optimizerNeverRevivesARemovedWeight(String kind) {
    Nets.Annotated block = new Nets.Annotated();
    Optimizer optimizer =
        kind.equals("adam")
            ? Optimizer.adam()
                .optLearningRateTracker(Tracker.fixed(1e-2f))
                .optWeightDecays(0.01f)
                .build()
            : Optimizer.sgd()
                .setLearningRateTracker(Tracker.fixed(1e-2f))
                .optMomentum(0.9f)
                .optWeightDecays(0.01f)
                .build();
    try (Model model = Nets.model("m", block);
        Trainer trainer =
            Filigree.newTrainer(
                model, new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(optimizer))) {
      trainer.initialize(new Shape(16, 48));
      NDManager manager = model.getNDManager();
      try (NDArray x = manager.randomNormal(new Shape(16, 48));
          NDArray y = manager.randomNormal(new Shape(16, 4))) {
        float[] mask = null;
        float first = 0;
        float last = 0;
        for (int step = 0; step < 200; step++) {
          last = Nets.step(trainer, x, y);
          first = step == 0 ? last : first;
          float[] w = block.wide().getParameters().get("weight").getArray().toFloatArray();
          if (mask == null) {
            mask = w;
            assertThat(zeros(w)).isEqualTo(64 * 36);
          }
          for (int i = 0; i < w.length; i++) {
            if (mask[i] == 0f) {
              assertThat(w[i]).as("step %d weight %d", step, i).isZero();
            }
          }
        }
        assertThat(last).isLessThan(first);
      }
    }
  }

  static long zeros(float[] w) {
    long n = 0;
    for (float v : w) {
      n += v == 0f ? 1 : 0;
    }
    return n;
  }
}
