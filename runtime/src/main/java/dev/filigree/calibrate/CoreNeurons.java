package dev.filigree.calibrate;

import dev.filigree.mask.OrderStatistic;
import dev.filigree.plan.SparsityCount;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * The core neurons of a prompt: CoreInfer, Wang et al. 2024. Of a token they are the neurons with
 * the largest positive activations, the share {@value #TOKEN_SHARE} of those that are positive; of
 * a prompt those that are core neurons of the most tokens.
 *
 * <p>A token's count is ceil(0.2 p), p its positive activations, and activations equal to the last
 * one count as well. Short prompts leave many neurons equally frequent: of these the ones with the
 * larger sum of positive activations come first, then the ones with the lower index. The paper
 * leaves that open.
 *
 * <p>For one thread.
 */
public final class CoreNeurons {
  /** Share of a token's positive activations that are its core neurons. */
  public static final double TOKEN_SHARE = 0.2;

  private final OrderStatistic statistic = new OrderStatistic();
  private final long[] keys;
  private final int[] tokens;
  private final double[] sums;

  /**
   * @param neurons how many there are, at least 1
   */
  public CoreNeurons(int neurons) {
    keys = new long[neurons];
    tokens = new int[neurons];
    sums = new double[neurons];
  }

  /**
   * Adds tokens.
   *
   * @param activations [rows][neurons] from index 0
   * @param rows how many tokens
   */
  public void add(FloatBuffer activations, int rows) {
    for (int r = 0; r < rows; r++) {
      addToken(activations, r * keys.length);
    }
  }

  private void addToken(FloatBuffer activations, int at) {
    int positive = 0;
    for (int i = 0; i < keys.length; i++) {
      float a = activations.get(at + i);
      if (a > 0) {
        keys[positive++] = Float.floatToRawIntBits(a); // sorts like the positive number
        sums[i] += a;
      }
    }
    if (positive == 0) {
      return;
    }
    long wanted = SparsityCount.rank(positive, TOKEN_SHARE);
    float least = Float.intBitsToFloat((int) statistic.kth(keys, positive, positive - wanted));
    for (int i = 0; i < keys.length; i++) {
      tokens[i] += activations.get(at + i) >= least ? 1 : 0;
    }
  }

  /**
   * The core neurons of all tokens that were added.
   *
   * @param remove how many neurons are left out, 0 to all
   * @return the others, ascending
   */
  public int[] core(int remove) {
    if (remove < 0 || remove > tokens.length) {
      throw new IllegalArgumentException("cannot remove " + remove + " of " + tokens.length);
    }
    return IntStream.range(0, tokens.length)
        .boxed()
        .sorted(
            Comparator.comparingInt((Integer i) -> -tokens[i])
                .thenComparingDouble(i -> -sums[i])
                .thenComparingInt(i -> i))
        .limit(tokens.length - remove)
        .mapToInt(i -> i)
        .sorted()
        .toArray();
  }

  /** Forgets all tokens. */
  public void reset() {
    Arrays.fill(tokens, 0);
    Arrays.fill(sums, 0);
  }
}
