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
import java.util.stream.IntStream;

/**
 * Generates text.
 *
 * @param spec the model
 * @param prompt a text, or null
 * @param ids a file with one sequence, or null
 * @param tokenizer null where only ids are wanted
 * @param steps most new tokens
 * @param sampling how they are drawn
 * @param scope in which phase activations are skipped
 * @param keepFirst positions that skip nothing
 */
public record GenerateRun(
    DecoderSpec spec,
    String prompt,
    Path ids,
    Path tokenizer,
    int steps,
    Sampler.Settings sampling,
    SessionSettings.Scope scope,
    int keepFirst) {

  /**
   * Does it.
   *
   * @param text is told the text as it comes
   */
  public GenerateResult run(Progress progress, Consumer<String> text) {
    if (prompt != null && ids != null) {
      throw new FiligreeException(Message.FIL_0725);
    }
    if (steps < 1) {
      throw new FiligreeException(Message.FIL_0604, "--steps", steps, "1 or more");
    }
    DecoderWeights untouched = spec.open();
    DecoderConfig config = untouched.config();
    try (Tokenizer codec = tokenizer == null ? null : Tokenizer.open(tokenizer, config.vocab())) {
      int[] from = promptIds(config, codec);
      if (from.length > config.context()) {
        throw new FiligreeException(Message.FIL_0713, from.length, config.context());
      }
      try (PreparedDecoder model = spec.prepare(untouched, progress)) {
        StreamingText stream = codec == null ? null : new StreamingText(codec);
        Generator.Result result =
            new Generator(model.packed())
                .run(
                    from,
                    steps,
                    new Sampler(sampling),
                    new SessionSettings(1, model.activation(), scope, keepFirst),
                    id -> {
                      if (stream != null) {
                        text.accept(stream.add(id));
                      }
                      return true;
                    });
        if (stream != null) {
          text.accept(stream.rest());
        }
        return GenerateResult.of(spec, model, result, from.length, decoded(codec, result.ids()));
      }
    }
  }

  private static String decoded(Tokenizer codec, List<Integer> ids) {
    return codec == null ? null : codec.decode(ids);
  }

  private int[] promptIds(DecoderConfig config, Tokenizer codec) {
    if (ids != null) {
      List<int[]> sequences = IdsFile.read(ids);
      if (sequences.size() != 1) {
        throw new FiligreeException(Message.FIL_0720, ids, sequences.size() + " sequences");
      }
      return sequences.get(0);
    }
    IntStream bos = config.bos() < 0 ? IntStream.empty() : IntStream.of(config.bos());
    if (prompt == null || prompt.isEmpty()) {
      return bos.toArray();
    }
    if (codec == null) {
      throw new FiligreeException(Message.FIL_0723, "--prompt");
    }
    return IntStream.concat(bos, codec.encode(prompt).stream().mapToInt(Integer::intValue))
        .toArray();
  }
}
