package dev.filigree.calibrate;

import dev.filigree.mask.OrderStatistic;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.SparsityCount;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Collects magnitudes |v| of a stream of activations in bounded memory and gives the threshold of a
 * sparsity: an activation is kept where its magnitude is greater.
 *
 * <p>Up to {@code exactValues} magnitudes the threshold is exact: the value of rank ceil(n *
 * sparsity) from the smallest (rank 1 is the smallest). Beyond that, magnitudes are counted in bins
 * of the upper 15 bits of the fraction of a float, and the threshold is the largest float of the
 * bin that holds that rank: at least ceil(n * sparsity) magnitudes are not above it, and it is too
 * large by a factor of at most 1 + 2^-15. Zeros stay exact. Counts are exact and neither result
 * depends on the order of the values, so not on threads either. Memory is 4 bytes per value up to
 * the limit, then 256 KiB per power of two that occurs.
 *
 * <p>Safe for several threads.
 */
public final class MagnitudeThreshold {
  /** How many magnitudes are kept exactly unless said otherwise: 8 MiB. */
  public static final int DEFAULT_EXACT_VALUES = 1 << 21;

  private static final int DROPPED_BITS = 8;
  private static final int PAGE_BITS = 23 - DROPPED_BITS;
  private static final int PAGES = 255;

  private final String layer;
  private final int exactValues;
  private float[] values = new float[256];
  private int stored;
  private long zeros;
  private long count;
  // One page per exponent, one count per bin; null while all values are stored.
  private long[][] pages;

  /**
   * @param layer named in messages
   */
  public MagnitudeThreshold(String layer) {
    this(layer, DEFAULT_EXACT_VALUES);
  }

  /**
   * @param exactValues how many magnitudes are kept exactly, at least 0
   */
  public MagnitudeThreshold(String layer, int exactValues) {
    if (exactValues < 0) {
      throw new IllegalArgumentException("exactValues is " + exactValues);
    }
    this.layer = layer;
    this.exactValues = exactValues;
  }

  /**
   * All that was gathered, for storing.
   *
   * @param exactValues the limit
   * @param zeros magnitudes of zero that are counted
   * @param values magnitudes that are kept exactly; empty where they are counted in bins
   * @param bins numbers of the bins in use, ascending; null while all magnitudes are kept
   * @param counts magnitudes in each of them
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record State(int exactValues, long zeros, float[] values, int[] bins, long[] counts) {}

  synchronized State state() {
    if (pages == null) {
      return new State(exactValues, zeros, Arrays.copyOf(values, stored), null, null);
    }
    int[] bins = IntStream.range(0, PAGES << PAGE_BITS).filter(bin -> countOf(bin) > 0).toArray();
    return new State(
        exactValues,
        zeros,
        new float[0],
        bins,
        Arrays.stream(bins).mapToLong(this::countOf).toArray());
  }

  /** Whether that can be the number of a bin of a finite magnitude above zero. */
  static boolean isBin(int number) {
    return number >= 0 && number < PAGES << PAGE_BITS;
  }

  private long countOf(int bin) {
    long[] page = pages[bin >>> PAGE_BITS];
    return page == null ? 0 : page[bin & ((1 << PAGE_BITS) - 1)];
  }

  /** Goes on from a stored state. */
  static MagnitudeThreshold of(String layer, State state) {
    MagnitudeThreshold t = new MagnitudeThreshold(layer, state.exactValues());
    t.values = Arrays.copyOf(state.values(), Math.max(256, state.values().length));
    t.stored = state.values().length;
    t.zeros = state.zeros();
    t.count = t.stored + state.zeros();
    if (state.bins() != null) {
      t.pages = new long[PAGES][];
      for (int i = 0; i < state.bins().length; i++) {
        t.page(state.bins()[i])[state.bins()[i] & ((1 << PAGE_BITS) - 1)] = state.counts()[i];
        t.count += state.counts()[i];
      }
    }
    return t;
  }

  /**
   * Adds the magnitudes of all remaining values; the position does not move.
   *
   * @throws FiligreeException FIL-0215 for NaN or infinity; nothing of the buffer is added then
   */
  public synchronized void add(FloatBuffer activations) {
    int from = activations.position();
    int to = activations.limit();
    for (int i = from; i < to; i++) {
      float v = activations.get(i);
      if (!Float.isFinite(v)) {
        throw new FiligreeException(Message.FIL_0215, layer, v);
      }
    }
    for (int i = from; i < to; i++) {
      add(Math.abs(activations.get(i)));
    }
  }

  private void add(float magnitude) {
    count++;
    if (pages == null) {
      if (stored < exactValues) {
        if (stored == values.length) {
          values = Arrays.copyOf(values, (int) Math.min(exactValues, stored * 2L));
        }
        values[stored++] = magnitude;
        return;
      }
      pages = new long[PAGES][];
      for (int i = 0; i < stored; i++) {
        tally(values[i]);
      }
      values = new float[0];
      stored = 0;
    }
    tally(magnitude);
  }

  private void tally(float magnitude) {
    if (magnitude == 0) {
      zeros++;
      return;
    }
    int bin = Float.floatToRawIntBits(magnitude) >>> DROPPED_BITS;
    page(bin)[bin & ((1 << PAGE_BITS) - 1)]++;
  }

  private long[] page(int bin) {
    long[] page = pages[bin >>> PAGE_BITS];
    if (page == null) {
      page = new long[1 << PAGE_BITS];
      pages[bin >>> PAGE_BITS] = page;
    }
    return page;
  }

  /** How many magnitudes were added. */
  public synchronized long count() {
    return count;
  }

  /** Whether thresholds are exact order statistics still. */
  public synchronized boolean isExact() {
    return pages == null;
  }

  /**
   * The threshold at a sparsity. At sparsity 0 nothing is to be removed, and it is negative.
   *
   * @param sparsity fraction to remove, 0 to below 1
   * @throws FiligreeException FIL-0101 for the sparsity, FIL-0214 where nothing was added
   */
  public synchronized float threshold(double sparsity) {
    if (!(sparsity >= 0 && sparsity < 1)) {
      throw new FiligreeException(Message.FIL_0101, sparsity, sparsity >= 1 ? "0.99" : "0.0");
    }
    if (count == 0) {
      throw new FiligreeException(Message.FIL_0214);
    }
    if (sparsity == 0) {
      return -1f;
    }
    long rank = SparsityCount.rank(count, sparsity);
    return pages == null ? exact(rank) : binned(rank);
  }

  /**
   * The thresholds at many sparsities, each as {@link #threshold} gives it; magnitudes are sorted
   * once.
   *
   * @throws FiligreeException as {@link #threshold}
   */
  public synchronized float[] thresholds(double... sparsities) {
    float[] sorted = Arrays.copyOf(values, stored);
    Arrays.sort(sorted);
    float[] out = new float[sparsities.length];
    for (int i = 0; i < out.length; i++) {
      double s = sparsities[i];
      boolean ranked = pages == null && count > 0 && s > 0 && s < 1;
      out[i] = ranked ? sorted[(int) SparsityCount.rank(count, s) - 1] : threshold(s);
    }
    return out;
  }

  private float exact(long rank) {
    long[] keys = new long[stored];
    for (int i = 0; i < stored; i++) {
      keys[i] = Float.floatToRawIntBits(values[i]);
    }
    return Float.intBitsToFloat((int) new OrderStatistic().kth(keys, stored, rank - 1));
  }

  private float binned(long rank) {
    long seen = zeros;
    if (seen >= rank) {
      return 0f;
    }
    for (int p = 0; p < PAGES; p++) {
      long[] page = pages[p];
      for (int b = 0; page != null && b < page.length; b++) {
        seen += page[b];
        if (seen >= rank) {
          int bin = p << PAGE_BITS | b;
          return Float.intBitsToFloat(bin << DROPPED_BITS | (1 << DROPPED_BITS) - 1);
        }
      }
    }
    throw new IllegalStateException("the bins hold " + seen + " of " + count + " magnitudes");
  }
}
