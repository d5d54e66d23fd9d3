package dev.filigree.cli.decoder;

import dev.filigree.decoder.generate.Sampler;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import java.nio.FloatBuffer;

/** One setting of {@code compare}: a session that goes on greedily, a few tokens at a time. */
final class CompareLane {
  private final PackedDecoder model;
  private final ActivationSetting activation;
  private final int[] prompt;
  private final DecoderSession session;
  private final Sampler sampler = new Sampler(Sampler.Settings.GREEDY);
  private int next;

  /**
   * @param steps most tokens that are fed one at a time after {@link #prompt}
   */
  CompareLane(PackedDecoder model, ActivationSetting activation, int[] prompt, int steps) {
    this.model = model;
    this.activation = activation;
    this.prompt = prompt.clone();
    session =
        model.newSession(
            new SessionSettings(
                prompt.length + steps, activation, SessionSettings.Scope.DECODE, 0));
  }

  /** Lets the JVM compile. */
  void warmUp(int turns, int tokens) {
    prompt();
    for (int t = 0; t < turns; t++) {
      turn(tokens);
      prompt();
    }
  }

  /** Starts over with the prompt; nanoseconds per token. */
  double prompt() {
    session.reset();
    long start = System.nanoTime();
    FloatBuffer logits = session.feed(prompt);
    long nanos = System.nanoTime() - start;
    next = sampler.next(logits, model.config().vocab());
    session.resetCounts();
    return (double) nanos / prompt.length;
  }

  /** Decodes; nanoseconds per token. */
  double turn(int tokens) {
    long start = System.nanoTime();
    for (int i = 0; i < tokens; i++) {
      next = sampler.next(session.feed(next), model.config().vocab());
    }
    return (System.nanoTime() - start) / (double) tokens;
  }

  /** Since the last prompt. */
  WeightBytes bytesPerToken() {
    return new WeightBytes(
        model.denseBytesPerToken(), model.realisedBytesPerToken(session.counts(), activation));
  }
}
