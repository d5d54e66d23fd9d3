package dev.filigree.mask;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;

/** The rule that a group size of N:M divides the inputs. */
public final class Groups {
  private Groups() {}

  /**
   * @param name the layer, for the message
   * @throws FiligreeException FIL-0202 where {@code m} does not divide {@code cols}
   */
  public static void check(String name, int cols, int m) {
    if (m < 1 || cols % m != 0) {
      throw new FiligreeException(Message.FIL_0202, name, m, cols, nearestLegal(cols, m));
    }
  }

  /** The divisor of {@code cols} closest to {@code m}; of two equally close the smaller. */
  public static int nearestLegal(int cols, int m) {
    int best = 1;
    for (int d = 1; (long) d * d <= cols; d++) {
      if (cols % d == 0) {
        best = closer(closer(best, d, m), cols / d, m);
      }
    }
    return best;
  }

  private static int closer(int a, int b, int m) {
    long da = Math.abs((long) a - m);
    long db = Math.abs((long) b - m);
    return db < da || (db == da && b < a) ? b : a;
  }
}
