package dev.filigree.decoder.evaluate;

import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Next-token loss.
 *
 * @param sums negative natural-log likelihood of every sequence, summed over its predicted tokens
 * @param counts predicted tokens of every sequence
 * @param activationSparsity share of inputs that were skipped
 * @param tokensPerSecond speed of the whole
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Loss(
    double[] sums, long[] counts, double activationSparsity, double tokensPerSecond) {
  /** Is told how many sequences are done. */
  @FunctionalInterface
  public interface Progress {
    /** Called after every sequence. */
    void at(int done, int total);
  }

  /**
   * Measures it. A sequence of L ids predicts L - 1; each starts from an empty cache.
   *
   * @param settings its capacity is not looked at
   * @throws FiligreeException FIL-0717 for a sequence of fewer than 2 ids, FIL-0713 for one that is
   *     longer than the context, FIL-0714 for an id that is none
   */
  public static Loss measure(
      PackedDecoder model, List<int[]> sequences, SessionSettings settings, Progress progress) {
    int longest = longest(model, sequences);
    DecoderSession session = model.newSession(settings.withCapacity(longest));
    double[] sums = new double[sequences.size()];
    long[] counts = new long[sums.length];
    long start = System.nanoTime();
    for (int s = 0; s < sums.length; s++) {
      int[] ids = sequences.get(s);
      int sequence = s;
      session.reset();
      session.feed(
          Arrays.copyOf(ids, ids.length - 1),
          (i, logits, at) -> sums[sequence] += nll(logits, at, model.config().vocab(), ids[i + 1]));
      counts[s] = ids.length - 1L;
      progress.at(s + 1, sums.length);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    return new Loss(
        sums, counts, session.counts().sparsity(), Arrays.stream(counts).sum() / seconds);
  }

  /** The longest sequence without its last id; refuses what cannot be fed. */
  static int longest(PackedDecoder model, List<int[]> sequences) {
    int longest = 0;
    for (int s = 0; s < sequences.size(); s++) {
      int[] ids = sequences.get(s);
      if (ids.length < 2) {
        throw new FiligreeException(Message.FIL_0717, s, ids.length);
      }
      if (ids.length - 1 > model.config().context()) {
        throw new FiligreeException(Message.FIL_0713, ids.length - 1, model.config().context());
      }
      int last = ids[ids.length - 1];
      if (last < 0 || last >= model.config().vocab()) {
        throw new FiligreeException(
            Message.FIL_0714, last, ids.length - 1, model.config().vocab() - 1);
      }
      longest = Math.max(longest, ids.length - 1);
    }
    if (longest == 0) {
      throw new FiligreeException(Message.FIL_0717, 0, 0);
    }
    return longest;
  }

  /** -log softmax(logits)[target]. */
  private static double nll(FloatBuffer logits, int at, int vocab, int target) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < vocab; i++) {
      max = Math.max(max, logits.get(at + i));
    }
    double sum = 0;
    for (int i = 0; i < vocab; i++) {
      sum += Math.exp(logits.get(at + i) - max);
    }
    return Math.log(sum) + max - logits.get(at + target);
  }

  /** Predicted tokens. */
  public long tokens() {
    return Arrays.stream(counts).sum();
  }

  /** Mean over all predicted tokens, in nats. */
  public double nll() {
    return Arrays.stream(sums).sum() / tokens();
  }

  /**
   * The 95 % interval of the mean by the bootstrap over sequences (percentiles of 2000 resamples).
   *
   * @return lower and upper end; both NaN for fewer than two sequences
   */
  public double[] interval(long seed) {
    return Bootstrap.interval(sums, counts, seed);
  }
}
