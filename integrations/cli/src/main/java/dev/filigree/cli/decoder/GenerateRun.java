package dev.filigree.cli.decoder;

import dev.filigree.decoder.generate.Generator;
import dev.filigree.decoder.generate.Sampler;
import dev.filigree.decoder.generate.StreamingText;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.samples.digits.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * Generates text.
 *
 * @param spec the model
 * @param beginning of the text
 * @param tokenizer null where only ids are wanted
 * @param steps most new tokens
 * @param sampling how they are drawn
 * @param scope in which phase activations are skipped
 * @param keepFirst positions that skip nothing
 * @param returnToDense whether a lasting shortfall of sparsity ends the skipping
 */
public record GenerateRun(
    DecoderSpec spec,
    TextBeginning beginning,
    Path tokenizer,
    int steps,
    Sampler.Settings sampling,
    SessionSettings.Scope scope,
    int keepFirst,
    boolean returnToDense) {
  private static final int WARM_UP = 16;

  /**
   * Does it.
   *
   * @param text is told the text as it comes
   */
  public GenerateResult run(Progress progress, Consumer<String> text) {
    if (steps < 1) {
      throw new FiligreeException(Message.FIL_0604, "--steps", steps, "1 or more");
    }
    DecoderWeights untouched = spec.open();
    DecoderConfig config = untouched.config();
    try (Tokenizer codec = tokenizer == null ? null : Tokenizer.open(tokenizer, config.vocab())) {
      TextBeginning.Tokens begun = beginning.tokens(spec.model(), config, codec);
      int[] from = begun.ids().stream().mapToInt(Integer::intValue).toArray();
      if (from.length > config.context()) {
        throw new FiligreeException(Message.FIL_0713, from.length, config.context());
      }
      try (PreparedDecoder model = spec.prepare(untouched, progress)) {
        SessionSettings settings =
            new SessionSettings(1, model.activation(), scope, keepFirst, returnToDense);
        Double warmUp = spec.randomModel() == null ? null : warmUp(model, from, settings);
        StreamingText stream = codec == null ? null : new StreamingText(codec);
        Generator.Result result =
            new Generator(model.packed())
                .run(
                    from,
                    steps,
                    new Sampler(sampling),
                    settings,
                    begun.stops(),
                    id -> {
                      if (stream != null) {
                        text.accept(stream.add(id));
                      }
                      return true;
                    });
        if (stream != null) {
          text.accept(stream.rest());
        }
        return GenerateResult.of(
            spec, model, result, from.length, decoded(codec, result.ids()), warmUp);
      }
    }
  }

  /**
   * Runs once without measuring, because the JVM compiles a product when it has run for a while;
   * only for models that are there to measure speed. Returns the seconds it took.
   */
  private double warmUp(PreparedDecoder model, int[] from, SessionSettings settings) {
    long start = System.nanoTime();
    new Generator(model.packed())
        .run(
            from,
            Math.min(steps, WARM_UP),
            new Sampler(Sampler.Settings.GREEDY),
            settings,
            id -> true);
    return (System.nanoTime() - start) / 1e9;
  }

  private static String decoded(Tokenizer codec, List<Integer> ids) {
    return codec == null ? null : codec.decode(ids);
  }
}
