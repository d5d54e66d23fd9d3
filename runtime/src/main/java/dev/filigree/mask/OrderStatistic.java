package dev.filigree.mask;

import java.util.Arrays;

/**
 * The k-th smallest of many numbers in linear time, whatever their distribution: a radix selection
 * over bits that sort like the numbers. Which of several equal numbers are meant is the caller's
 * business.
 */
public final class OrderStatistic {
  private static final int DIGIT_BITS = 11;
  private static final int BINS = 1 << DIGIT_BITS;
  // Below this many candidates sorting them is faster than another histogram.
  private static final int SORT = 48;

  private final int[] histogram = new int[BINS];

  /** For repeated use by one thread; {@link #kth} then allocates nothing. */
  public OrderStatistic() {}

  /** Bits that, compared as unsigned, sort like the number; both zeros are equal; not for NaN. */
  static long key(double value) {
    long bits = Double.doubleToRawLongBits(value + 0.0); // -0.0 + 0.0 is 0.0
    return bits ^ ((bits >> 63) | Long.MIN_VALUE);
  }

  /**
   * @param keys reordered; only the first n count; compared as unsigned
   * @param n at least 1
   * @param k rank, 0 for the smallest, below n
   * @return the key of that rank
   */
  public long kth(long[] keys, int n, long k) {
    int count = n;
    int rank = (int) k;
    while (count > SORT) {
      long and = -1L;
      long or = 0;
      for (int i = 0; i < count; i++) {
        and &= keys[i];
        or |= keys[i];
      }
      long varying = and ^ or;
      if (varying == 0) {
        return and;
      }
      int shift = shiftFor(varying);
      Arrays.fill(histogram, 0);
      for (int i = 0; i < count; i++) {
        histogram[(int) (keys[i] >>> shift) & (BINS - 1)]++;
      }
      int bin = 0;
      while (rank >= histogram[bin]) {
        rank -= histogram[bin++];
      }
      int found = 0;
      for (int i = 0; i < count; i++) {
        long key = keys[i];
        keys[found] = key;
        found += ((int) (key >>> shift) & (BINS - 1)) == bin ? 1 : 0;
      }
      count = found;
    }
    return sorted(keys, count, rank);
  }

  // Insertion sort: few keys, and unsigned order.
  private static long sorted(long[] keys, int n, int rank) {
    for (int i = 1; i < n; i++) {
      long key = keys[i];
      int j = i - 1;
      while (j >= 0 && Long.compareUnsigned(keys[j], key) > 0) {
        keys[j + 1] = keys[j];
        j--;
      }
      keys[j + 1] = key;
    }
    return keys[rank];
  }

  private static int shiftFor(long varying) {
    return Math.max(0, 64 - Long.numberOfLeadingZeros(varying) - DIGIT_BITS);
  }
}
