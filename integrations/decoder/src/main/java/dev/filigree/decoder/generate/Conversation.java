package dev.filigree.decoder.generate;

import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.text.ChatTemplate;
import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A chat of several turns. Every turn is the whole history as the template writes it; what it has
 * in common with the ids that were fed before stays in the cache, the rest is fed. A template that
 * writes earlier turns otherwise than they were fed (it drops what an answer thought, for example)
 * therefore costs time, and changes nothing else.
 *
 * <p>An answer is that of a session that is fed the whole history at once, but for the order of
 * sums, where activations are skipped in both phases or in none: with {@code Scope.DECODE} answers
 * stay in the cache as they were decoded, while a fresh prompt would skip nothing. A method that
 * chooses hidden units from the prompt is fed everything anew in every turn.
 *
 * <p>The cache begins small and grows with the conversation, up to the capacity of the settings.
 * For one thread.
 */
public final class Conversation {
  /** Positions of the first cache, where the settings allow as many. */
  private static final int FIRST = 256;

  private final PackedDecoder model;
  private final ChatTemplate template;
  private final Tokenizer tokenizer;
  private final SessionSettings settings;
  private final Set<Integer> stops;
  private final List<ChatTemplate.Message> messages;
  private DecoderSession session;
  private int capacity;
  // What the session was fed.
  private int[] fed = new int[0];

  /**
   * A conversation.
   *
   * @param settings of the sessions; their capacity is the most tokens of the history, at most the
   *     context of the model
   * @param before what was said before: nothing, a system message, or more
   * @throws FiligreeException FIL-0713 for a capacity the model does not have, FIL-0863 where the
   *     tokenizer has no special tokens
   */
  public Conversation(
      PackedDecoder model,
      ChatTemplate template,
      Tokenizer tokenizer,
      SessionSettings settings,
      List<ChatTemplate.Message> before) {
    int context = model.config().context();
    if (settings.capacity() < 1 || settings.capacity() > context) {
      throw new FiligreeException(Message.FIL_0713, settings.capacity(), context);
    }
    if (!tokenizer.hasSpecialTokens()) {
      throw new FiligreeException(Message.FIL_0863);
    }
    this.model = model;
    this.template = template;
    this.tokenizer = tokenizer;
    this.settings = settings;
    this.messages = new ArrayList<>(before);
    stops = template.stops(tokenizer);
  }

  /**
   * One answer.
   *
   * @param text decoded
   * @param ids without the one that ended it
   * @param promptTokens of the history with the user's message
   * @param reusedTokens of those that were in the cache already
   * @param full whether it ended because there was no more room
   * @param prefillTokensPerSecond of what was fed before the answer
   * @param decodeTokensPerSecond NaN where nothing was fed one at a time
   */
  public record Answer(
      String text,
      List<Integer> ids,
      int promptTokens,
      int reusedTokens,
      boolean full,
      double prefillTokensPerSecond,
      double decodeTokensPerSecond) {}

  /** What was said, in order. */
  public List<ChatTemplate.Message> messages() {
    return List.copyOf(messages);
  }

  /** The session; null before the first answer, and another one when the cache has grown. */
  public DecoderSession session() {
    return session;
  }

  /**
   * Says something and lets the model answer; both become part of the history.
   *
   * @param steps most tokens of the answer, at least 1
   * @param onText is told the answer as it comes
   * @throws FiligreeException FIL-0886 where the history does not fit in any more, FIL-0861 where
   *     the template refuses it; the history then is what it was
   */
  public Answer say(String text, int steps, Sampler sampler, Consumer<String> onText) {
    List<ChatTemplate.Message> all = new ArrayList<>(messages);
    all.add(new ChatTemplate.Message("user", text));
    int[] prompt = template.encode(all, /* answer= */ true, tokenizer);
    if (prompt.length == 0) {
      throw new FiligreeException(Message.FIL_0716);
    }
    if (prompt.length > settings.capacity()) {
      throw new FiligreeException(Message.FIL_0886, prompt.length, settings.capacity());
    }
    int reused = reuse(prompt, (int) Math.min(settings.capacity(), (long) prompt.length + steps));
    int[] fresh = Arrays.copyOfRange(prompt, reused, prompt.length);
    long start = System.nanoTime();
    FloatBuffer logits = session.feed(fresh);
    long prefill = System.nanoTime() - start;
    StreamingText stream = new StreamingText(tokenizer);
    Continuation answer =
        Continuation.of(
            session,
            logits,
            model.config(),
            steps,
            settings.capacity(),
            sampler,
            stops,
            id -> {
              onText.accept(stream.add(id));
              return true;
            });
    onText.accept(stream.rest());
    fed = Arrays.copyOf(prompt, prompt.length + answer.fed());
    for (int i = 0; i < answer.fed(); i++) {
      fed[prompt.length + i] = answer.ids().get(i);
    }
    String said = tokenizer.decode(answer.ids());
    all.add(new ChatTemplate.Message("assistant", said));
    messages.clear();
    messages.addAll(all);
    return new Answer(
        said,
        answer.ids(),
        prompt.length,
        reused,
        answer.end() == Continuation.End.FULL,
        fresh.length * 1e9 / prefill,
        answer.tokensPerSecond());
  }

  /** Makes the cache hold the beginning of a prompt, and room for more; returns how much of it. */
  private int reuse(int[] prompt, int needed) {
    // The logits of the last token are not in a cache.
    int most = Math.min(prompt.length - 1, fed.length);
    int common = Arrays.mismatch(Arrays.copyOf(prompt, most), Arrays.copyOf(fed, most));
    int kept = common < 0 ? most : common;
    if (settings.activation().method().needsPrompt()) {
      kept = 0;
    }
    // Whatever happens now, no more than that is in the cache.
    fed = Arrays.copyOf(fed, kept);
    if (needed <= capacity) {
      session.rewind(kept);
      return kept;
    }
    int larger = Math.min(settings.capacity(), Math.max(needed, Math.max(FIRST, 2 * capacity)));
    DecoderSession grown = model.newSession(settings.withCapacity(larger));
    if (kept > 0) {
      grown.restore(kept, session::cached);
    }
    session = grown;
    capacity = larger;
    return kept;
  }
}
