package dev.filigree.samples.digits;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.TranslateException;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * Trains a classifier with Adam and a cosine learning rate; the same for every model that is
 * compared.
 *
 * @param epochs passes over the training images, at least 1
 * @param seed of the initial weights and the order of the images
 * @param sparsity counts the zeros of a model's weight matrices, as a fraction
 */
record Training(int epochs, long seed, ToDoubleFunction<Model> sparsity) {
  static final int BATCH = 100;
  private static final float RATE = 1e-3f;
  private static final int LOSS_EVERY = 10;

  /** Optimizer steps for this many images. */
  long steps(int images) {
    return (long) epochs * (images / BATCH);
  }

  /**
   * Trains a model whose block is set but not initialised.
   *
   * @param prepare gets the trainer before its first step
   */
  Curve run(String task, Model model, Digits train, Consumer<Trainer> prepare, Progress progress) {
    long steps = steps(train.size());
    Recorder recorder = new Recorder(task, model, steps, sparsity, progress);
    Engine.getInstance().setRandomSeed((int) seed);
    Optimizer adam =
        Optimizer.adam()
            .optLearningRateTracker(
                Tracker.cosine()
                    .setBaseValue(RATE)
                    .optFinalValue(RATE / 50)
                    .setMaxUpdates((int) Math.max(1, steps))
                    .build())
            .build();
    DefaultTrainingConfig config =
        new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
            .optDevices(new Device[] {Device.cpu()})
            .optOptimizer(adam)
            .addTrainingListeners(recorder);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu());
        Trainer trainer = model.newTrainer(config)) {
      prepare.accept(trainer);
      trainer.initialize(new Shape(BATCH, Digits.PIXELS));
      EasyTrain.fit(trainer, epochs, dataset(manager, train), null);
    } catch (IOException | TranslateException e) {
      throw new FiligreeException(e, Message.FIL_0608, task, e.getMessage());
    }
    return recorder.curve;
  }

  private ArrayDataset dataset(NDManager manager, Digits digits) {
    NDArray images =
        manager.create(FloatBuffer.wrap(digits.floats()), new Shape(digits.size(), Digits.PIXELS));
    return new ArrayDataset.Builder()
        .setData(images)
        .optLabels(manager.create(digits.floatLabels()))
        .setSampling(new SeededBatches(BATCH, seed))
        .build();
  }

  /** Loss every few batches, and zeros as often as counting them costs little. */
  private static final class Recorder extends TrainingListenerAdapter {
    final Curve curve = new Curve();
    private final String task;
    private final Model model;
    private final long steps;
    private final ToDoubleFunction<Model> sparsity;
    private final Progress progress;
    private long step;

    Recorder(
        String task, Model model, long steps, ToDoubleFunction<Model> sparsity, Progress progress) {
      this.task = task;
      this.model = model;
      this.steps = steps;
      this.sparsity = sparsity;
      this.progress = progress;
    }

    @Override
    public void onTrainingBatch(Trainer trainer, BatchData data) {
      if (step % LOSS_EVERY == 0) {
        Device cpu = data.getLabels().keySet().iterator().next();
        try (NDArray loss =
            trainer.getLoss().evaluate(data.getLabels().get(cpu), data.getPredictions().get(cpu))) {
          curve.add(new Curve.Point(step, loss.getFloat(), sparsity.applyAsDouble(model)));
        }
      }
      progress.at(task, ++step, steps);
    }
  }
}
