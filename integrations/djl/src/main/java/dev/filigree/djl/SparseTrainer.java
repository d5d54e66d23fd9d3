package dev.filigree.djl;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import dev.filigree.djl.train.TrainingHook;

/** A trainer that calls the training hook itself, for programs without the agent. */
final class SparseTrainer extends Trainer {

  private SparseTrainer(Model model, TrainingConfig config) {
    super(model, config);
  }

  static Trainer of(Model model, TrainingConfig config) {
    // Model.newTrainer unfreezes a loaded model and installs the initializers; only the object it
    // returns is of no use here.
    Trainer plain = model.newTrainer(config);
    if (dev.filigree.djl.serve.Dispatch.isWoven() || TrainingHook.isFollowed(plain)) {
      return plain;
    }
    plain.close();
    SparseTrainer trainer = new SparseTrainer(model, config);
    TrainingHook.created(trainer);
    TrainingHook.showLatentWeights(trainer);
    return trainer;
  }

  @Override
  public void initialize(Shape... shapes) {
    super.initialize(shapes);
    TrainingHook.initialized(this);
  }

  @Override
  public GradientCollector newGradientCollector() {
    return TrainingHook.collecting(this, super.newGradientCollector());
  }

  @Override
  public void step() {
    TrainingHook.hideLatentWeights(this);
    TrainingHook.beforeStep(this);
    super.step();
    TrainingHook.afterStep(this);
    TrainingHook.showLatentWeights(this);
  }

  @Override
  public void close() {
    TrainingHook.closing(this);
    super.close();
  }
}
