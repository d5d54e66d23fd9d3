package dev.filigree.decoder.evaluate;

import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.plan.FiligreeException;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * How far a model departs from its dense original, position by position. Perplexity can stay while
 * many predictions change; these figures see it.
 *
 * @param divergences KL(dense || sparse) in nats, summed over the positions of every sequence
 * @param agreeing positions of every sequence where both predict the same id
 * @param counts positions of every sequence
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record DenseComparison(double[] divergences, long[] agreeing, long[] counts) {
  /** Positions whose dense logits are kept at a time. */
  private static final int CHUNK = 32;

  /**
   * Feeds the same sequences to both models. All positions that predict an id take part.
   *
   * @param dense the original, which skips nothing
   * @param sparse the other, of the same shape
   * @param settings of the sparse one; its capacity is not looked at
   * @throws FiligreeException FIL-0717, FIL-0713, FIL-0714 for the sequences
   */
  public static DenseComparison measure(
      PackedDecoder dense,
      PackedDecoder sparse,
      List<int[]> sequences,
      SessionSettings settings,
      Loss.Progress progress) {
    int longest = Loss.longest(dense, sequences);
    int vocab = dense.config().vocab();
    DecoderSession reference = dense.newSession(SessionSettings.dense(longest));
    DecoderSession other = sparse.newSession(settings.withCapacity(longest));
    double[] divergences = new double[sequences.size()];
    long[] agreeing = new long[divergences.length];
    long[] counts = new long[divergences.length];
    FloatBuffer expected = FloatBuffer.allocate(Math.multiplyExact(CHUNK, vocab));
    for (int s = 0; s < divergences.length; s++) {
      int[] ids = Arrays.copyOf(sequences.get(s), sequences.get(s).length - 1);
      int sequence = s;
      reference.reset();
      other.reset();
      other.feed(
          ids,
          (i, logits, at) -> {
            if (i % CHUNK == 0) {
              int[] next = Arrays.copyOfRange(ids, i, Math.min(ids.length, i + CHUNK));
              reference.feed(next, (j, all, from) -> expected.put(j * vocab, all, from, vocab));
            }
            int p = i % CHUNK * vocab;
            divergences[sequence] += divergence(expected, p, logits, at, vocab);
            agreeing[sequence] += largest(expected, p, vocab) == largest(logits, at, vocab) ? 1 : 0;
          });
      counts[s] = ids.length;
      progress.at(s + 1, divergences.length);
    }
    return new DenseComparison(divergences, agreeing, counts);
  }

  /** The share of positions where both predict the same id, 0 to 1. */
  public double agreement() {
    return (double) Arrays.stream(agreeing).sum() / Arrays.stream(counts).sum();
  }

  /** Mean KL(dense || sparse) over all positions, in nats. */
  public double kl() {
    return Arrays.stream(divergences).sum() / Arrays.stream(counts).sum();
  }

  /**
   * The 95 % interval of {@link #kl} by the bootstrap over sequences.
   *
   * @return lower and upper end; both NaN for fewer than two sequences
   */
  public double[] klInterval(long seed) {
    return Bootstrap.interval(divergences, counts, seed);
  }

  /**
   * KL(softmax(p) || softmax(q)) of logits, in double.
   *
   * @param pAt where those of p begin
   * @param qAt where those of q begin
   * @param n how many
   */
  static double divergence(FloatBuffer p, int pAt, FloatBuffer q, int qAt, int n) {
    double pLog = logSum(p, pAt, n);
    double qLog = logSum(q, qAt, n);
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double log = p.get(pAt + i) - pLog;
      sum += Math.exp(log) * (log - (q.get(qAt + i) - qLog));
    }
    // Rounding alone can make it negative.
    return Math.max(0, sum);
  }

  private static double logSum(FloatBuffer x, int at, int n) {
    double max = x.get(largest(x, at, n) + at);
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += Math.exp(x.get(at + i) - max);
    }
    return max + Math.log(sum);
  }

  /** The first of the largest elements. */
  static int largest(FloatBuffer x, int at, int n) {
    int best = 0;
    for (int i = 1; i < n; i++) {
      if (x.get(at + i) > x.get(at + best)) {
        best = i;
      }
    }
    return best;
  }
}
