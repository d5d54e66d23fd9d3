package dev.filigree.samples.language;

import ai.djl.Model;
import dev.filigree.decoder.block.CausalDecoder;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.store.FurtherFiles;
import dev.filigree.decoder.store.ModelDirectory;
import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.djl.Filigree;
import dev.filigree.file.AtomicFile;
import dev.filigree.file.DType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
   * @param seed of stories, weights and sequences
   */
  record Options(
      Path out, Optional<Path> text, ModelSize size, int steps, boolean sparse, long seed) {}

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
        options.sparse() ? "2:4" : "dense",
        data.train().length,
        data.heldOut().length);
    try (Model model = Model.newInstance("language", ENGINE)) {
      CausalDecoder decoder =
          options.sparse()
              ? new CausalDecoder(size.config(), SparseSwiGlu::new)
              : new CausalDecoder(size.config());
      model.setBlock(decoder);
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
      write(out, decoder.weights(), json);
      say.println("wrote " + out);
      return loss;
    }
  }

  private static void write(Path out, DecoderWeights weights, String tokenizer) {
    ModelDirectory.write(
        out,
        weights,
        DType.F32,
        Map.of(FurtherFiles.TOKENIZER_JSON, tokenizer.getBytes(StandardCharsets.UTF_8)));
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
