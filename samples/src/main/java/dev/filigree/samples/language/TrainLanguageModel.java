package dev.filigree.samples.language;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.filigree.decoder.block.CausalDecoder;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.store.FurtherFiles;
import dev.filigree.decoder.store.ModelDirectory;
import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.serve.Dispatch;
import dev.filigree.file.AtomicFile;
import dev.filigree.file.DType;
import dev.filigree.kernel.Activation;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.LayerPlan;
import dev.filigree.plan.Message;
import dev.filigree.plan.ReluPlan;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Trains a language model and writes it with its tokenizer, the text that was held out, and ids to
 * calibrate on.
 */
public final class TrainLanguageModel {
  /** What {@code eval --text} takes. */
  static final String HELD_OUT = "heldout.txt";

  /** What {@code --calibration} takes. */
  static final String CALIBRATION = "calibration.json";

  private static final String ENGINE = "PyTorch";
  private static final int STORY_CHARACTERS = 1_000_000;
  private static final int CALIBRATION_SEQUENCES = 32;

  private TrainLanguageModel() {}

  /**
   * What to do.
   *
   * @param out the directory to write
   * @param text a file to train on, or empty for stories that are made here
   * @param size of the model
   * @param steps optimizer steps, at least 1
   * @param sparse whether feed-forward blocks are {@link SparseSwiGlu}
   * @param relu whether they are {@link ReluSwiGlu}
   * @param lambda factors of ProSparse's regulariser in stages of the same length, for ReLU
   * @param from a model of the same size, trained on the same text, to start from
   * @param seed of stories, weights and sequences
   */
  record Options(
      Path out,
      Optional<Path> text,
      ModelSize size,
      int steps,
      boolean sparse,
      boolean relu,
      List<Double> lambda,
      Optional<Path> from,
      long seed) {

    /** A new model with SiLU. */
    Options(Path out, Optional<Path> text, ModelSize size, int steps, boolean sparse, long seed) {
      this(out, text, size, steps, sparse, false, List.of(), Optional.empty(), seed);
    }

    private String feedForward() {
      if (!relu) {
        return sparse ? "2:4" : "dense";
      }
      String factors = String.join(", ", lambda.stream().map(String::valueOf).toList());
      return lambda.isEmpty() ? "ReLU" : "ReLU, lambda " + factors;
    }
  }

  /** Runs with the options that its usage names. */
  public static void main(String[] arguments) {
    Optional<Options> options = Arguments.parse(List.of(arguments));
    if (options.isEmpty()) {
      System.err.println(Arguments.USAGE);
      System.exit(2);
    }
    try {
      run(options.get(), System.out);
    } catch (FiligreeException e) {
      System.err.println(e.getMessage());
      System.exit(2);
    }
  }

  /**
   * Trains and writes; returns the loss on the text held out, in nats per token.
   *
   * @throws FiligreeException FIL-0404 where the text cannot be read, FIL-0832 where it is too
   *     short, FIL-0403 where the directory cannot be written
   */
  static double run(Options options, PrintStream say) {
    ModelSize size = options.size();
    String text = options.text().map(TrainLanguageModel::read).orElseGet(() -> stories(options));
    int split = TextData.split(text);
    Path out = options.out();
    folder(out);
    Path tokenizerJson = out.resolve(FurtherFiles.TOKENIZER_JSON);
    String json = BytePairs.learn(text.substring(0, split), size.vocab()).json();
    AtomicFile.write(tokenizerJson, json);
    AtomicFile.write(out.resolve(HELD_OUT), text.substring(split));
    TextData data;
    try (Tokenizer tokenizer = Tokenizer.open(tokenizerJson, size.vocab())) {
      data = TextData.of(text, tokenizer, size.window());
    }
    List<int[]> calibration =
        data.drawn(new SplittableRandom(options.seed() + 1), CALIBRATION_SEQUENCES);
    AtomicFile.write(out.resolve(CALIBRATION), TextData.json(calibration));
    say.printf(
        Locale.ROOT,
        "%s, %,d parameters, feed-forward %s; %,d tokens of text, %,d held out%n",
        size.label(),
        size.parameters(),
        options.feedForward(),
        data.train().length,
        data.heldOut().length);
    try (Model model = Model.newInstance("language", ENGINE)) {
      CausalDecoder decoder = decoder(options, model);
      model.setBlock(decoder);
      if (!options.lambda().isEmpty()) {
        double[] factors = options.lambda().stream().mapToDouble(Double::doubleValue).toArray();
        Filigree.bind(decoder, plan -> regularised(plan, factors));
      }
      double loss =
          new LanguageTraining(size, options.steps(), options.seed())
              .run(
                  model,
                  data,
                  (step, trained, heldOut, speed) ->
                      say.printf(
                          Locale.ROOT,
                          "step %5d  loss %.3f  held out %.3f  %,.0f tokens/s%n",
                          step,
                          trained,
                          heldOut,
                          speed));
      if (options.sparse()) {
        Filigree.finish(model);
      }
      write(out, decoder, skipped(options, model, decoder, calibration, say), json);
      say.println("wrote " + out);
      return loss;
    }
  }

  private static CausalDecoder decoder(Options options, Model model) {
    Activation f = options.relu() ? Activation.RELU : Activation.SILU;
    DecoderConfig config = options.size().config().withActivation(f);
    CausalDecoder decoder =
        options.relu()
            ? new CausalDecoder(config, ReluSwiGlu::new)
            : options.sparse()
                ? new CausalDecoder(config, SparseSwiGlu::new)
                : new CausalDecoder(config);
    if (options.from().isPresent()) {
      decoder.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, 1));
      // Weights that were trained with SiLU, under ReLU: a worse model until it is trained on.
      decoder.load(DecoderFiles.open(options.from().get()).withActivation(f));
    }
    return decoder;
  }

  private static LayerPlan regularised(LayerPlan plan, double... lambda) {
    ReluPlan relu = ReluPlan.PLAIN.withLambda(lambda);
    return plan.withActivation(plan.activation().orElseThrow().withRelu(relu));
  }

  /** What the blocks declare of activations; thresholds are found where the agent has woven DJL. */
  private static ActivationSetting skipped(
      Options options,
      Model model,
      CausalDecoder decoder,
      List<int[]> calibration,
      PrintStream say) {
    if (options.sparse()) {
      if (!Dispatch.isWoven()) {
        say.println(
            "CATS is not calibrated: that takes -javaagent:filigree-agent.jar. Pass --activation"
                + " and --calibration to eval, generate and compress.");
        return ActivationSetting.NONE;
      }
      try (NDManager manager = model.getNDManager().newSubManager()) {
        Filigree.calibrate(model, List.of(new NDList(ids(manager, calibration))));
      }
    }
    return decoder.activation();
  }

  private static NDArray ids(NDManager manager, List<int[]> sequences) {
    int tokens = sequences.get(0).length;
    long[] all = sequences.stream().flatMapToInt(Arrays::stream).asLongStream().toArray();
    return manager.create(all, new Shape(sequences.size(), tokens));
  }

  private static void write(
      Path out, CausalDecoder decoder, ActivationSetting skipped, String tokenizer) {
    ModelDirectory.write(
        out,
        decoder.weights(),
        DType.F32,
        Map.of(FurtherFiles.TOKENIZER_JSON, tokenizer.getBytes(StandardCharsets.UTF_8)),
        skipped);
  }

  private static String stories(Options options) {
    return Stories.text(options.seed(), STORY_CHARACTERS);
  }

  private static String read(Path text) {
    try {
      return Files.readString(text);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, text, e.getMessage());
    }
  }

  private static void folder(Path out) {
    try {
      Files.createDirectories(out);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0403, out, e.getMessage());
    }
  }
}
