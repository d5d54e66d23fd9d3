package dev.filigree.cli.decoder;

import dev.filigree.decoder.generate.Conversation;
import dev.filigree.report.Json;
import java.util.List;

/**
 * What a chat of several turns said; the components are the keys of its JSON.
 *
 * @param turns in their order
 * @param packedBytes of all stored weights
 * @param cacheBytes of keys and values at the end, 0 where nothing was said
 * @param activationSparsity realised since the cache last grew, 0 where nothing was said
 * @param peakRssBytes of the process, null where the system does not say
 * @param values type of stored weights
 * @param warnings that were shown
 * @param title the model and its settings
 */
public record ChatResult(
    List<Turn> turns,
    long packedBytes,
    long cacheBytes,
    double activationSparsity,
    Long peakRssBytes,
    String values,
    List<String> warnings,
    String title) {

  /**
   * One turn.
   *
   * @param user what was said
   * @param text the answer
   * @param ids its tokens
   * @param promptTokens of the history with what was said
   * @param reusedTokens of those that were in the cache
   * @param full whether the answer ended because the context was full
   * @param tokensPerS of tokens fed one at a time, NaN where there were none
   * @param prefillTokensPerS of what was fed before the answer
   */
  record Turn(
      String user,
      String text,
      List<Integer> ids,
      int promptTokens,
      int reusedTokens,
      boolean full,
      double tokensPerS,
      double prefillTokensPerS) {

    static Turn of(String user, Conversation.Answer a) {
      return new Turn(
          user,
          a.text(),
          a.ids(),
          a.promptTokens(),
          a.reusedTokens(),
          a.full(),
          a.decodeTokensPerSecond(),
          a.prefillTokensPerSecond());
    }
  }

  static ChatResult of(
      DecoderSpec spec, PreparedDecoder model, Conversation conversation, List<Turn> turns) {
    boolean said = conversation.session() != null;
    return new ChatResult(
        List.copyOf(turns),
        model.packed().bytes(),
        said ? conversation.session().cacheBytes() : 0,
        said ? conversation.session().counts().sparsity() : 0,
        Memory.peakResidentBytes(),
        model.packed().values().label(),
        model.warnings(),
        spec.title(model));
  }

  /** For programs. */
  public String json() {
    return Json.text(this);
  }

  /** For people: what is said after the chat. */
  public String summary() {
    StringBuilder out = new StringBuilder(title).append('\n');
    int prompt = turns.stream().mapToInt(Turn::promptTokens).sum();
    int reused = turns.stream().mapToInt(Turn::reusedTokens).sum();
    int fresh = turns.stream().mapToInt(t -> t.ids().size()).sum();
    EvalResult.line(
        out,
        "tokens",
        "%,d new in %,d answers, %,d of prompts, %,d of them in the cache",
        fresh,
        turns.size(),
        prompt,
        reused);
    EvalResult.line(out, "activation sparsity", "%.4f", activationSparsity);
    EvalResult.line(out, "packed, cache", "%,d and %,d bytes", packedBytes, cacheBytes);
    return out.toString();
  }
}
