package dev.filigree.samples.language;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import dev.filigree.decoder.block.NextTokenLoss;
import dev.filigree.djl.Filigree;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A training loop of plain DJL around a decoder block. All that Filigree adds is the trainer, and
 * how many steps there will be.
 *
 * @param size batch, length of sequences and learning rate
 * @param steps optimizer steps, at least 1
 * @param seed of the initial weights and of the sequences
 */
record LanguageTraining(ModelSize size, int steps, long seed) {
  private static final int JUDGED = 32;
  private static final int REPORTS = 12;
  private static final int WARM_UP = 50;

  /** Hears how it goes. */
  interface Listener {
    /**
     * @param step how many are done
     * @param loss of the last batches, in nats per token
     * @param heldOut loss on text that is not trained on
     * @param tokensPerSecond of training, evaluations left out
     */
    void at(int step, double loss, double heldOut, double tokensPerSecond);
  }

  /**
   * Trains a model whose block is set but not initialised; returns the loss on the text held out.
   */
  double run(Model model, TextData data, Listener listener) {
    Engine.getInstance().setRandomSeed((int) seed);
    Tracker rate =
        Tracker.warmUp()
            .optWarmUpSteps(Math.min(WARM_UP, steps / 2))
            .setMainTracker(
                Tracker.cosine()
                    .setBaseValue(size.rate())
                    .optFinalValue(size.rate() / 20)
                    .setMaxUpdates(steps)
                    .build())
            .build();
    DefaultTrainingConfig config =
        new DefaultTrainingConfig(new NextTokenLoss())
            .optDevices(new Device[] {Device.cpu()})
            .optOptimizer(Optimizer.adam().optLearningRateTracker(rate).build());
    try (Trainer trainer = Filigree.newTrainer(model, config)) {
      Filigree.plannedSteps(trainer, steps);
      trainer.initialize(new Shape(size.batch(), size.window()));
      SplittableRandom random = new SplittableRandom(seed);
      int every = Math.max(1, steps / REPORTS);
      double sum = 0;
      int count = 0;
      long nanos = 0;
      double heldOut = Double.NaN;
      for (int step = 1; step <= steps; step++) {
        long start = System.nanoTime();
        sum += step(trainer, data.drawn(random, size.batch()));
        nanos += System.nanoTime() - start;
        count++;
        if (step % every == 0 || step == 1 || step == steps) {
          heldOut = judge(trainer, data.judged(JUDGED));
          long tokens = (long) count * size.batch() * size.window();
          listener.at(step, sum / count, heldOut, tokens * 1e9 / nanos);
          sum = 0;
          count = 0;
          nanos = 0;
        }
      }
      return heldOut;
    }
  }

  private static double step(Trainer trainer, List<int[]> sequences) {
    try (NDManager batch = trainer.getManager().newSubManager()) {
      double loss;
      try (GradientCollector collector = trainer.newGradientCollector()) {
        NDList logits = trainer.forward(new NDList(read(batch, sequences)));
        NDArray value = trainer.getLoss().evaluate(predicted(batch, sequences), logits);
        collector.backward(value);
        loss = value.getFloat();
      }
      trainer.step();
      return loss;
    }
  }

  private double judge(Trainer trainer, List<int[]> sequences) {
    double sum = 0;
    for (int at = 0; at < sequences.size(); at += size.batch()) {
      List<int[]> some = sequences.subList(at, Math.min(sequences.size(), at + size.batch()));
      try (NDManager batch = trainer.getManager().newSubManager()) {
        NDList logits = trainer.evaluate(new NDList(read(batch, some)));
        sum += some.size() * trainer.getLoss().evaluate(predicted(batch, some), logits).getFloat();
      }
    }
    return sum / sequences.size();
  }

  private static NDArray read(NDManager manager, List<int[]> sequences) {
    return ids(manager, sequences, 0);
  }

  private static NDList predicted(NDManager manager, List<int[]> sequences) {
    return new NDList(ids(manager, sequences, 1));
  }

  private static NDArray ids(NDManager manager, List<int[]> sequences, int from) {
    int tokens = sequences.get(0).length - 1;
    long[] all = new long[sequences.size() * tokens];
    for (int i = 0; i < all.length; i++) {
      all[i] = sequences.get(i / tokens)[from + i % tokens];
    }
    return manager.create(all, new Shape(sequences.size(), tokens));
  }
}
