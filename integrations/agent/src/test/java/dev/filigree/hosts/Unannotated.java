package dev.filigree.hosts;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;

/** One training step of a model that knows nothing of Filigree. */
public final class Unannotated {
  private Unannotated() {}

  /** Runs it. */
  public static void main(String[] args) {
    try (Model model = Model.newInstance("plain")) {
      Linear first = Linear.builder().setUnits(64).build();
      model.setBlock(new SequentialBlock().add(first).add(Linear.builder().setUnits(3).build()));
      try (Trainer trainer = model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss()))) {
        trainer.initialize(new Shape(2, 8));
        try (GradientCollector gradients = trainer.newGradientCollector()) {
          NDArray x = model.getNDManager().ones(new Shape(2, 8));
          gradients.backward(trainer.forward(new NDList(x)).head().square().sum());
        }
        trainer.step();
        NDArray weight = first.getParameters().get("weight").getArray();
        System.out.println("host zeros " + weight.eq(0f).sum().getLong() + " of " + weight.size());
      }
      System.out.println("host done on " + Engine.getInstance().getEngineName());
    }
    System.out.println("host done");
  }
}
