package dev.filigree.decoder.generate;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;

/** Generates ids after a prompt. */
public final class Generator {
  private final PackedDecoder model;

  /** A generator on a model. */
  public Generator(PackedDecoder model) {
    this.model = model;
  }

  /**
   * What came out.
   *
   * @param ids the new ids, without a stop id
   * @param prefillTokensPerSecond of the prompt
   * @param decodeTokensPerSecond of ids fed one at a time; NaN where there were none
   * @param session where it ended
   */
  public record Result(
      List<Integer> ids,
      double prefillTokensPerSecond,
      double decodeTokensPerSecond,
      DecoderSession session) {}

  /** The most positions a prompt and its continuation take. */
  public static int capacity(DecoderConfig config, int prompt, int steps) {
    return (int) Math.min(config.context(), (long) prompt + steps);
  }

  /**
   * Generates until there are enough, a stop id comes, the context is full, or the caller has seen
   * enough.
   *
   * @param prompt at least one id
   * @param steps most new ids, at least 1
   * @param settings its capacity is not looked at
   * @param onId is told every new id; false ends the generation
   * @throws FiligreeException FIL-0713 where the prompt does not fit into the context, FIL-0716
   *     where it is empty, FIL-0714 for an id that is none
   */
  public Result run(
      int[] prompt, int steps, Sampler sampler, SessionSettings settings, IntPredicate onId) {
    return run(prompt, steps, sampler, settings, Set.of(), onId);
  }

  /**
   * The same with ids that end the text beside those of the model, the end of a turn for example.
   */
  public Result run(
      int[] prompt,
      int steps,
      Sampler sampler,
      SessionSettings settings,
      Set<Integer> stops,
      IntPredicate onId) {
    DecoderConfig config = model.config();
    if (prompt.length == 0) {
      throw new FiligreeException(Message.FIL_0716);
    }
    if (prompt.length > config.context()) {
      throw new FiligreeException(Message.FIL_0713, prompt.length, config.context());
    }
    DecoderSession session =
        model.newSession(settings.withCapacity(capacity(config, prompt.length, steps)));
    long start = System.nanoTime();
    FloatBuffer logits = session.feed(prompt);
    long prefill = System.nanoTime() - start;
    session.resetCounts();
    Continuation all =
        Continuation.of(session, logits, config, steps, config.context(), sampler, stops, onId);
    return new Result(all.ids(), prompt.length * 1e9 / prefill, all.tokensPerSecond(), session);
  }
}
