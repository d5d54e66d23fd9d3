package dev.filigree.calibrate;

import dev.filigree.mask.OrderStatistic;
import java.nio.FloatBuffer;

/**
 * Chooses the inputs of one token that take part in a product; writes their indices, ascending, and
 * returns how many there are.
 *
 * <p>Allocates nothing after construction. One instance per thread. Inputs are read from {@code
 * offset}, an absolute index of the buffer. A NaN counts as larger than everything and is kept, so
 * that it shows in the result as it does in a dense product.
 */
public final class ActiveInputs {
  private final OrderStatistic statistic = new OrderStatistic();
  private final long[] keys;
  private final long[] scratch;

  /**
   * @param maxInputs the most inputs one call may have
   */
  public ActiveInputs(int maxInputs) {
    keys = new long[maxInputs];
    scratch = new long[maxInputs];
  }

  /**
   * Inputs with |x_i| above a threshold (TEAL, CATS).
   *
   * @param n how many inputs
   * @param active room for n indices
   */
  public static int above(FloatBuffer x, int offset, int n, float threshold, int[] active) {
    int count = 0;
    for (int i = 0; i < n; i++) {
      active[count] = i; // overwritten by the next one unless it counts
      count += Math.abs(x.get(offset + i)) <= threshold ? 0 : 1;
    }
    return count;
  }

  /**
   * Inputs with |x_i| above a threshold of their own (WINA with thresholds).
   *
   * @param thresholds [n], see {@link ChannelThresholds#ofInputs}
   * @param active room for n indices
   */
  public static int above(FloatBuffer x, int offset, float[] thresholds, int[] active) {
    int count = 0;
    for (int i = 0; i < thresholds.length; i++) {
      active[count] = i; // overwritten by the next one unless it counts
      count += Math.abs(x.get(offset + i)) <= thresholds[i] ? 0 : 1;
    }
    return count;
  }

  /**
   * All but exactly {@code remove} inputs, those with the smallest |x_i|; of equal ones the first
   * goes first.
   *
   * @param remove floor(n * sparsity), 0 to n
   */
  public int topK(FloatBuffer x, int offset, int n, int remove, int[] active) {
    check(n, remove);
    for (int i = 0; i < n; i++) {
      keys[i] = Double.doubleToRawLongBits(Math.abs(x.get(offset + i)));
    }
    return keepLargest(n, remove, active);
  }

  /**
   * All but exactly {@code remove} inputs, those with the smallest |x_i| * norms_i in double
   * precision; of equal ones the first goes first. WINA: Chen et al. 2025.
   *
   * @param norms ||W[:,i]||_2 of the weights as they are used, at least n, not negative
   * @param remove floor(n * sparsity), 0 to n
   */
  public int wina(FloatBuffer x, int offset, int n, double[] norms, int remove, int[] active) {
    check(n, remove);
    for (int i = 0; i < n; i++) {
      double score = Math.abs((double) x.get(offset + i)) * norms[i];
      keys[i] = Double.doubleToRawLongBits(score) & Long.MAX_VALUE; // the sign of a NaN is chance
    }
    return keepLargest(n, remove, active);
  }

  private void check(int n, int remove) {
    if (n < 0 || n > keys.length || remove < 0 || remove > n) {
      throw new IllegalArgumentException(
          "cannot remove " + remove + " of " + n + " inputs, at most " + keys.length);
    }
  }

  private int keepLargest(int n, int remove, int[] active) {
    if (remove == 0) {
      for (int i = 0; i < n; i++) {
        active[i] = i;
      }
      return n;
    }
    System.arraycopy(keys, 0, scratch, 0, n);
    long key = statistic.kth(scratch, n, remove - 1);
    int below = 0;
    for (int i = 0; i < n; i++) {
      below += keys[i] < key ? 1 : 0;
    }
    int ties = remove - below;
    int count = 0;
    for (int i = 0; i < n; i++) {
      active[count] = i;
      if (keys[i] == key) {
        count += ties-- > 0 ? 0 : 1;
      } else {
        count += keys[i] > key ? 1 : 0;
      }
    }
    return count;
  }
}
