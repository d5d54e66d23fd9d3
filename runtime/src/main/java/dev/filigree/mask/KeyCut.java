package dev.filigree.mask;

import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * Where to cut many numbers so that exactly the lowest {@code count} lie below: a radix selection
 * over bits that sort like the numbers, which asks for one array after the other, two or three
 * times each as a rule.
 *
 * @param key numbers with a lower key are below the cut
 * @param ties how many of each array have this very key
 * @param below how many of them, from the first array on, are below the cut all the same
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record KeyCut(long key, long[] ties, long below) {
  private static final int DIGIT_BITS = 20;
  // Candidates are gathered and sorted out in memory once they are that few: 32 MB.
  private static final int GATHER = 1 << 22;

  /**
   * Finds the cut.
   *
   * @param arrays gives every array, the same numbers each time
   * @param sizes of the arrays
   * @param count at least 1, at most the sum of the sizes
   */
  static KeyCut of(IntFunction<double[]> arrays, long[] sizes, long count) {
    return new Search(arrays, sizes.length, GATHER).find(Arrays.stream(sizes).sum(), count);
  }

  /** The same with another limit of what is gathered. */
  static KeyCut of(IntFunction<double[]> arrays, long[] sizes, long count, int gather) {
    return new Search(arrays, sizes.length, gather).find(Arrays.stream(sizes).sum(), count);
  }

  /** Ties of an array that are below the cut: those of the arrays before it go first. */
  long tiesBelow(int array) {
    long before = 0;
    for (int i = 0; i < array; i++) {
      before += ties[i];
    }
    return Math.max(0, Math.min(ties[array], below - before));
  }

  private static final class Search {
    private final IntFunction<double[]> arrays;
    private final int n;
    private final int gather;
    // Candidates are the keys that begin with these bits.
    private long prefix;
    private int known;

    Search(IntFunction<double[]> arrays, int n, int gather) {
      this.arrays = arrays;
      this.n = n;
      this.gather = gather;
    }

    KeyCut find(long total, long count) {
      long candidates = total;
      long rank = count - 1;
      while (candidates > gather) {
        int bits = Math.min(DIGIT_BITS, Long.SIZE - known);
        long[] histogram = new long[1 << bits];
        long[] own = new long[n];
        long least = -1L;
        long most = 0;
        for (int i = 0; i < n; i++) {
          for (double value : arrays.apply(i)) {
            long key = OrderStatistic.key(value);
            if (isCandidate(key)) {
              own[i]++;
              least = Long.compareUnsigned(key, least) < 0 ? key : least;
              most = Long.compareUnsigned(key, most) > 0 ? key : most;
              if (bits > 0) {
                histogram[(int) (key << known >>> (Long.SIZE - bits))]++;
              }
            }
          }
        }
        if (least == most) {
          return new KeyCut(least, own, rank + 1);
        }
        int bin = 0;
        while (rank >= histogram[bin]) {
          rank -= histogram[bin++];
        }
        prefix |= (long) bin << (Long.SIZE - known - bits);
        known += bits;
        candidates = histogram[bin];
      }
      return gathered((int) candidates, rank);
    }

    private boolean isCandidate(long key) {
      return known == 0 || ((key ^ prefix) >>> (Long.SIZE - known)) == 0;
    }

    private KeyCut gathered(int candidates, long rank) {
      long[] keys = new long[candidates];
      int[] ends = new int[n];
      int found = 0;
      for (int i = 0; i < n; i++) {
        for (double value : arrays.apply(i)) {
          long key = OrderStatistic.key(value);
          if (isCandidate(key)) {
            keys[found++] = key;
          }
        }
        ends[i] = found;
      }
      long key = new OrderStatistic().kth(keys.clone(), candidates, rank);
      long[] ties = new long[n];
      long below = rank + 1;
      for (int i = 0, at = 0; i < n; i++) {
        for (; at < ends[i]; at++) {
          ties[i] += keys[at] == key ? 1 : 0;
          below -= Long.compareUnsigned(keys[at], key) < 0 ? 1 : 0;
        }
      }
      return new KeyCut(key, ties, below);
    }
  }
}
