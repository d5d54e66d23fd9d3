package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import dev.filigree.djl.Filigree;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Without the agent a block shows its hidden units itself. */
class RegulariserTest extends RegularisedTraining {
  @Test
  void theGradientIsThatOfALossWrittenByHand() {
    Regularised block = new Regularised(true);
    try (Model model = Model.newInstance("m", "PyTorch")) {
      model.setBlock(block);
      try (Trainer trainer =
          Filigree.newTrainer(
              model, new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(still()))) {
        trainer.initialize(new Shape(ROWS, IN));
        Map<String, float[]> with = byHand(block, trainer.getManager(), LAMBDA);
        Map<String, float[]> without = byHand(block, trainer.getManager(), 0);
        assertThat(largestDifference(with, without)).isGreaterThan(1e-3);
        for (int step = 0; step < 2; step++) {
          pass(trainer);
          assertThat(largestDifference(gradients(block), with)).isLessThan(CLOSE);
          trainer.step();
        }
      }
    }
  }
}
