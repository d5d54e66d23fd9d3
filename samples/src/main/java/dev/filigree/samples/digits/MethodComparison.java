package dev.filigree.samples.digits;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.loss.Loss;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.prune.PrunePlan;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Trains one classifier per seed and prunes copies of it, each by one method under one pattern. */
final class MethodComparison {
  /** Classifiers that are trained by default. */
  static final int SEEDS = 5;

  private static final int EPOCHS = 4;
  private static final int MANY = 500;

  /** How a mask is chosen: a method, refined or not. */
  record Way(String name, OneShotMethod method, boolean dsnot) {
    static final List<Way> ALL =
        List.of(
            new Way("random", OneShotMethod.RANDOM, false),
            new Way("magnitude", OneShotMethod.MAGNITUDE, false),
            new Way("wanda", OneShotMethod.WANDA, false),
            new Way("wanda + dsnot", OneShotMethod.WANDA, true),
            new Way("gblm", OneShotMethod.GBLM, false),
            new Way("sparsegpt", OneShotMethod.SPARSEGPT, false));

    boolean isDefinedFor(Pattern pattern) {
      boolean single = !(pattern instanceof Pattern.Block);
      return method.supports(pattern, method.defaultScope(pattern)) && (single || !dsnot);
    }
  }

  /** A pattern and its sparsity. */
  record Target(String name, Pattern pattern, double sparsity) {
    static final List<Target> ALL =
        List.of(
            new Target("unstructured 0.5", new Pattern.Unstructured(), 0.5),
            new Target("unstructured 0.7", new Pattern.Unstructured(), 0.7),
            new Target("unstructured 0.9", new Pattern.Unstructured(), 0.9),
            new Target("2:4", new Pattern.NM(2, 4), 0),
            new Target("block:4x1 0.5", new Pattern.Block(4, 1), 0.5));
  }

  /**
   * How much work a run is, for tests.
   *
   * @param train drawn training images, those held back included
   * @param test drawn test images
   * @param calibration training images that methods look at
   */
  record Budget(int train, int test, int calibration) {
    static final Budget FULL = new Budget(10_000, 10_000, 256);
  }

  private final Budget budget;
  private final Progress progress;
  private final MethodTable table;

  private MethodComparison(Budget budget, Progress progress, MethodTable table) {
    this.budget = budget;
    this.progress = progress;
    this.table = table;
  }

  /**
   * Runs everything; writes nothing that stays.
   *
   * @param data directory with IDX files, or empty to draw digits
   * @param seeds how many classifiers are trained, each on its own order and, where they are drawn,
   *     its own images
   * @throws FiligreeException where the data are not what they should be, FIL-0221 where DJL is not
   *     woven
   */
  static MethodTable run(Optional<Path> data, int seeds, Budget budget, Progress progress) {
    MethodTable table = new MethodTable();
    MethodComparison comparison = new MethodComparison(budget, progress, table);
    for (int seed = 0; seed < seeds; seed++) {
      comparison.one(data, seed);
    }
    return table;
  }

  private void one(Optional<Path> data, long seed) {
    DigitData digits =
        data.isPresent()
            ? DigitData.read(data.get(), seed)
            : DigitData.drawn(seed, budget.train(), budget.test());
    table.source(digits);
    Path directory = null;
    try {
      directory = Files.createTempDirectory("filigree-methods");
      float[] denseScores;
      try (Model dense = model()) {
        new Training(EPOCHS, seed, m -> 0)
            .run("model " + seed + " trained", dense, digits.train(), t -> {}, progress);
        dense.save(directory, "dense");
        denseScores = scores(dense, digits.test());
        table.dense(quality(denseScores, digits.test()));
      }
      if (seed == 0) {
        // Once for nothing: what is timed below is compiled then.
        for (Way way : Way.ALL) {
          prune(way, Target.ALL.get(0), digits, directory, denseScores, seed);
        }
      }
      for (Target target : Target.ALL) {
        for (Way way : Way.ALL) {
          if (way.isDefinedFor(target.pattern())) {
            table.add(target, way, prune(way, target, digits, directory, denseScores, seed));
          }
        }
        progress.at("model " + seed + " pruned to " + target.name(), 1, 1);
      }
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0608, "CompareMethods", e);
    } finally {
      delete(directory);
    }
  }

  /** Prunes a copy of the trained model and looks at what is left of it. */
  private MethodTable.Cell prune(
      Way way, Target target, DigitData data, Path directory, float[] denseScores, long seed)
      throws IOException {
    try (Model model = model()) {
      model.load(directory, "dense");
      NDManager manager = model.getNDManager();
      Digits some = data.train().slice(0, budget.calibration());
      ArrayDataset calibration =
          new ArrayDataset.Builder()
              .setData(
                  manager.create(
                      FloatBuffer.wrap(some.floats()), new Shape(some.size(), Digits.PIXELS)))
              .optLabels(manager.create(some.floatLabels()))
              .setSampling(64, false)
              .build();
      PrunePlan plan =
          PrunePlan.of(OneShotPlan.of(way.method(), target.pattern(), target.sparsity()))
              .seed(seed)
              .loss(Loss.softmaxCrossEntropyLoss())
              .reconstructionError(false);
      long start = System.nanoTime();
      Filigree.prune(model, calibration, way.dsnot() ? plan.dsnot() : plan);
      double seconds = (System.nanoTime() - start) / 1e9;
      float[] scores = scores(model, data.test());
      return new MethodTable.Cell(
          quality(scores, data.test()), error(denseScores, scores), seconds);
    } catch (ai.djl.MalformedModelException e) {
      throw new FiligreeException(e, Message.FIL_0608, "Model.load", e);
    }
  }

  private static Model model() {
    Model model = Model.newInstance("digits", Device.cpu(), "PyTorch");
    model.setBlock(SmallDigitClassifier.block());
    return model;
  }

  private static float[] scores(Model model, Digits images) {
    try (Predictor<float[], float[]> predictor = model.newPredictor(new DigitTranslator())) {
      return Accuracy.scores(predictor, images, MANY);
    }
  }

  private static MethodTable.Quality quality(float[] scores, Digits test) {
    return new MethodTable.Quality(Accuracy.of(scores, test), loss(scores, test));
  }

  private static double error(float[] dense, float[] pruned) {
    double difference = 0;
    double all = 0;
    for (int i = 0; i < dense.length; i++) {
      difference += Math.pow(pruned[i] - (double) dense[i], 2);
      all += Math.pow(dense[i], 2);
    }
    return difference / all;
  }

  /** Mean cross entropy in nats. */
  private static double loss(float[] scores, Digits test) {
    double sum = 0;
    for (int i = 0; i < test.size(); i++) {
      double most = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < Digits.CLASSES; c++) {
        most = Math.max(most, scores[i * Digits.CLASSES + c]);
      }
      double all = 0;
      for (int c = 0; c < Digits.CLASSES; c++) {
        all += Math.exp(scores[i * Digits.CLASSES + c] - most);
      }
      sum += Math.log(all) + most - scores[i * Digits.CLASSES + test.labels()[i]];
    }
    return sum / test.size();
  }

  private static void delete(Path directory) {
    if (directory == null) {
      return;
    }
    List<Path> all = new ArrayList<>();
    try (Stream<Path> files = Files.list(directory)) {
      files.forEach(all::add);
      all.add(directory);
      for (Path p : all) {
        Files.delete(p);
      }
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0608, "CompareMethods", e);
    }
  }
}
