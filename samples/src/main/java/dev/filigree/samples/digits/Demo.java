package dev.filigree.samples.digits;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.filigree.annotations.Criterion;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.PackOptions;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.LayerPlan;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The quickstart: trains a digit classifier dense, sparse and under a random mask, packs the sparse
 * one, and measures what that brought. Must run with DJL woven (agent), as a user's program would.
 */
public final class Demo {
  /** Batch sizes that are measured. */
  static final List<Integer> BATCHES = List.of(1, 64);

  private static final String ENGINE = "PyTorch";
  private static final int CALIBRATION = 500;
  private static final int CHECKED = 256;
  private static final int MANY = 250;

  private final Options options;
  private final Budget budget;
  private final Progress progress;
  private final List<Model> open = new ArrayList<>();

  private Demo(Options options, Budget budget, Progress progress) {
    this.options = options;
    this.budget = budget;
    this.progress = progress;
  }

  /**
   * What to run.
   *
   * @param data directory with IDX files, or empty to draw digits
   * @param epochs passes over the training images, at least 1
   * @param seed of images, weights and order
   */
  public record Options(Optional<Path> data, int epochs, long seed) {
    /** Chosen on the validation images. */
    public static final int EPOCHS = 4;
  }

  /**
   * How much work a run is, for tests.
   *
   * @param train drawn training images, those held back included
   * @param test drawn test images
   * @param rounds timed blocks per model and batch size
   */
  record Budget(int train, int test, int rounds) {
    static final Budget FULL = new Budget(10_000, 10_000, 41);
  }

  /**
   * Runs everything; writes nothing that stays.
   *
   * @throws FiligreeException where the data are not what they should be
   */
  public static DemoResult run(Options options, Progress progress) {
    return run(options, Budget.FULL, progress);
  }

  static DemoResult run(Options options, Budget budget, Progress progress) {
    long start = System.nanoTime();
    Demo demo = new Demo(options, budget, progress);
    Path directory = null;
    try {
      DigitData data = demo.data();
      directory = Files.createTempDirectory("filigree-demo");
      return demo.measure(data, directory, start);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0608, "demo", e);
    } finally {
      demo.open.forEach(Model::close);
      delete(directory);
    }
  }

  private DigitData data() {
    progress.at("images", 0, 1);
    DigitData data =
        options.data().isPresent()
            ? DigitData.read(options.data().get(), options.seed())
            : DigitData.drawn(options.seed(), budget.train(), budget.test());
    progress.at("images", 1, 1);
    return data;
  }

  private DemoResult measure(DigitData data, Path directory, long start) throws IOException {
    Training training = new Training(options.epochs(), options.seed(), Demo::zeros);

    Model dense = model("dense", new PlainDigitClassifier());
    Curve denseCurve = training.run("training dense", dense, data.train(), t -> {}, progress);

    Model sparse = model("sparse", new DigitClassifier());
    Curve sparseCurve = training.run("training sparse", sparse, data.train(), t -> {}, progress);

    Model random = model("random", new DigitClassifier());
    Filigree.bind(random.getBlock(), Demo::atRandom);
    Curve randomCurve =
        training.run(
            "training random mask",
            random,
            data.train(),
            trainer -> Filigree.seed(trainer, options.seed()),
            progress);

    progress.at("calibrating and packing", 0, 3);
    calibrate(sparse, data);
    calibrate(random, data);
    progress.at("calibrating and packing", 1, 3);
    double worstError = packedError(sparse, data);
    // Both batch sizes are shown, so each may have the form that is best for it.
    Filigree.pack(
        sparse,
        new PackOptions(BATCHES, PackOptions.Mode.AUTO)
            .withMemory(PackOptions.Memory.SPEED)
            .withCache(PackOptions.Cache.OFF));
    progress.at("calibrating and packing", 2, 3);

    dense.save(directory, "dense");
    Model denseJava = copy(directory);
    Filigree.pack(denseJava, new PackOptions(BATCHES, PackOptions.Mode.DENSE));
    Path denseFile = directory.resolve("dense.safetensors");
    Path sparseFile = directory.resolve("sparse.safetensors");
    Filigree.save(denseJava, denseFile);
    Filigree.save(sparse, sparseFile);
    progress.at("calibrating and packing", 3, 3);

    List<Timing> timings = timings(List.of(dense, denseJava, sparse), data);
    progress.at("accuracy", 0, 4);
    long denseBytes = Files.size(directory.resolve("dense-0000.params"));
    DemoResult.Side denseSide = side(dense, data, denseBytes, MANY, 1);
    DemoResult.Side javaSide = side(denseJava, data, Files.size(denseFile), MANY, 2);
    // One image per call, where inputs are skipped as well: all the sparsity there is.
    DemoResult.Side sparseSide = side(sparse, data, Files.size(sparseFile), 1, 3);
    DemoResult.Side randomSide = side(random, data, 0, MANY, 4);
    return new DemoResult(
        options,
        data.source(),
        List.of(data.train().size(), data.validation().size(), data.test().size()),
        Machine.text(),
        denseSide,
        javaSide,
        sparseSide,
        randomSide,
        timings,
        Filigree.summary(sparse).layers(),
        worstError,
        List.of(denseCurve, sparseCurve, randomCurve),
        (System.nanoTime() - start) / 1e9);
  }

  private Model model(String name, Block block) {
    Model model = Model.newInstance(name, Device.cpu(), ENGINE);
    open.add(model);
    model.setBlock(block);
    return model;
  }

  private Model copy(Path directory) {
    Model model = model("dense", new PlainDigitClassifier());
    try {
      model.load(directory, "dense");
    } catch (IOException | ai.djl.MalformedModelException e) {
      throw new FiligreeException(e, Message.FIL_0608, "Model.load", e);
    }
    return model;
  }

  private static LayerPlan atRandom(LayerPlan plan) {
    return new LayerPlan(
        plan.weight().map(w -> w.withCriterion(Criterion.RANDOM)),
        plan.activation(),
        plan.origin());
  }

  /** Zeros of all weight matrices as a fraction. */
  private static double zeros(Model model) {
    double zeros = 0;
    double all = 0;
    for (LayerSummary layer : Filigree.summary(model).layers()) {
      double weights = layer.rows() * (double) layer.cols();
      zeros += layer.sparsity() * weights;
      all += weights;
    }
    return all == 0 ? 0 : zeros / all;
  }

  private static void calibrate(Model model, DigitData data) {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
      List<NDList> inputs = new ArrayList<>();
      int images = Math.min(CALIBRATION, data.train().size());
      for (int at = 0; at < images; at += Training.BATCH) {
        Digits batch = data.train().slice(at, Math.min(images, at + Training.BATCH));
        inputs.add(
            new NDList(
                manager.create(
                    FloatBuffer.wrap(batch.floats()), new Shape(batch.size(), Digits.PIXELS))));
      }
      Filigree.calibrate(model, inputs);
    }
  }

  /** Packs every layer that can be, whatever the gate would say, and compares the scores. */
  private static double packedError(Model model, DigitData data) {
    double worst = 0;
    for (int batch : BATCHES) {
      Filigree.unpack(model);
      float[] unpacked = scores(model, data, batch);
      Filigree.pack(model, new PackOptions(List.of(batch), PackOptions.Mode.ALWAYS_SPARSE));
      worst = Math.max(worst, relativeError(unpacked, scores(model, data, batch)));
    }
    return worst;
  }

  private static float[] scores(Model model, DigitData data, int batch) {
    try (Predictor<float[], float[]> predictor = model.newPredictor(new DigitTranslator())) {
      return Accuracy.scores(predictor, data.validation().slice(0, CHECKED), batch);
    }
  }

  private static double relativeError(float[] expected, float[] found) {
    double worst = 0;
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      worst = Math.max(worst, Math.abs((double) expected[i] - found[i]));
      largest = Math.max(largest, Math.abs((double) expected[i]));
    }
    return worst / largest;
  }

  private List<Timing> timings(List<Model> models, DigitData data) {
    List<Predictor<float[], float[]>> sides = new ArrayList<>();
    try {
      for (Model model : models) {
        sides.add(model.newPredictor(new DigitTranslator()));
      }
      List<Timing> out = new ArrayList<>();
      for (int batch : BATCHES) {
        String task = "timing batch " + batch;
        // Timed on validation images: the test images are looked at once, for accuracy.
        out.add(
            Timing.of(
                batch,
                Latency.measure(task, sides, data.validation(), batch, budget.rounds(), progress)));
      }
      return out;
    } finally {
      sides.forEach(Predictor::close);
    }
  }

  private DemoResult.Side side(Model model, DigitData data, long bytes, int batch, int done) {
    try (Predictor<float[], float[]> predictor = model.newPredictor(new DigitTranslator())) {
      DemoResult.Side side =
          new DemoResult.Side(
              Accuracy.of(predictor, data.test(), batch),
              Accuracy.of(predictor, data.validation(), batch),
              bytes);
      progress.at("accuracy", done, 4);
      return side;
    }
  }

  private static void delete(Path directory) {
    if (directory == null) {
      return;
    }
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
