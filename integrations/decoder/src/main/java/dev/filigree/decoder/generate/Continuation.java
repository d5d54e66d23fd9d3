package dev.filigree.decoder.generate;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.serve.DecoderSession;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * Goes on behind a prompt, one token at a time.
 *
 * @param ids the new ids, without a stop id
 * @param fed how many of them were fed
 * @param nanos what feeding took
 * @param end why there are no more
 */
record Continuation(List<Integer> ids, int fed, long nanos, End end) {

  /** Why a text ends. */
  enum End {
    /** An id came that ends texts. */
    STOP,
    /** There were to be no more. */
    STEPS,
    /** No more positions. */
    FULL,
    /** The caller has seen enough. */
    CALLER
  }

  /**
   * @param logits of the last token of the prompt
   * @param positions most positions, the prompt's and the new ones
   * @param stops end the text beside those of the model
   * @param onId is told every new id; false ends the text
   */
  static Continuation of(
      DecoderSession session,
      FloatBuffer logits,
      DecoderConfig config,
      int steps,
      int positions,
      Sampler sampler,
      Set<Integer> stops,
      IntPredicate onId) {
    int prompt = session.position();
    FloatBuffer scores = logits;
    List<Integer> ids = new ArrayList<>();
    long nanos = 0;
    int fed = 0;
    while (true) {
      int id = sampler.next(scores, config.vocab());
      if (id == config.bos() || config.stops().contains(id) || stops.contains(id)) {
        return new Continuation(List.copyOf(ids), fed, nanos, End.STOP);
      }
      ids.add(id);
      boolean more = onId.test(id);
      boolean full = prompt + ids.size() >= positions;
      if (!more || full || ids.size() >= steps) {
        return new Continuation(
            List.copyOf(ids),
            fed,
            nanos,
            !more ? End.CALLER : ids.size() >= steps ? End.STEPS : End.FULL);
      }
      long before = System.nanoTime();
      scores = session.feed(id);
      nanos += System.nanoTime() - before;
      fed++;
    }
  }

  /** Tokens per second of those that were fed; NaN where there were none. */
  double tokensPerSecond() {
    return fed == 0 ? Double.NaN : fed * 1e9 / nanos;
  }
}
