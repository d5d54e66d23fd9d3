package dev.filigree.mask;

import dev.filigree.plan.Pattern;
import java.util.Optional;

/** Recognises the pattern of a mask that nobody wrote down. */
public final class PatternFinder {
  private static final int[] GROUPS = {4, 8, 16, 32};
  private static final int LARGEST = 64;

  private PatternFinder() {}

  /**
   * The most regular pattern that fits exactly: whole rows, whole channels, N:M with exactly N in
   * every group of 4, 8, 16 or 32, blocks with sides of 1, 2, 4 ... 64, else unstructured. Empty
   * where nothing is removed.
   */
  public static Optional<Pattern> find(Mask mask) {
    if (mask.keptCount() == (long) mask.rows() * mask.cols()) {
      return Optional.empty();
    }
    if (mask.cols() > 1 && isUniform(mask, 1, mask.cols())) {
      return Optional.of(new Pattern.Row());
    }
    if (mask.rows() > 1 && isUniform(mask, mask.rows(), 1)) {
      return Optional.of(new Pattern.Channel());
    }
    for (int m : GROUPS) {
      int n = keptOfEvery(mask, m);
      if (n > 0 && n < m) {
        return Optional.of(new Pattern.NM(n, m));
      }
    }
    int outputs = 1;
    while (outputs < LARGEST && outputs < mask.rows() && isUniform(mask, 2 * outputs, 1)) {
      outputs *= 2;
    }
    int inputs = 1;
    while (inputs < LARGEST && inputs < mask.cols() && isUniform(mask, 1, 2 * inputs)) {
      inputs *= 2;
    }
    return Optional.of(
        outputs * inputs > 1 ? new Pattern.Block(outputs, inputs) : new Pattern.Unstructured());
  }

  /** Whether every block is kept or removed as a whole. */
  private static boolean isUniform(Mask mask, int outputs, int inputs) {
    for (int r = 0; r < mask.rows(); r++) {
      for (int c = 0; c < mask.cols(); c++) {
        if (mask.kept(r, c) != mask.kept(r - r % outputs, c - c % inputs)) {
          return false;
        }
      }
    }
    return true;
  }

  /** How many every group of m keeps, or 0 where they differ or m does not divide the inputs. */
  private static int keptOfEvery(Mask mask, int m) {
    if (mask.cols() % m != 0) {
      return 0;
    }
    int n = -1;
    for (int r = 0; r < mask.rows(); r++) {
      for (int c = 0; c < mask.cols(); c += m) {
        int count = 0;
        for (int i = c; i < c + m; i++) {
          count += mask.kept(r, i) ? 1 : 0;
        }
        if (n >= 0 && n != count) {
          return 0;
        }
        n = count;
      }
    }
    return Math.max(n, 0);
  }
}
