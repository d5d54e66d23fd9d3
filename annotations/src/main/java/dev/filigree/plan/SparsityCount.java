package dev.filigree.plan;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** How many of n units a sparsity removes: floor(n * s) with n * s an exact decimal. */
public final class SparsityCount {
  private SparsityCount() {}

  /**
   * @param n units, at least 0
   * @param sparsity 0 to 1, as its shortest decimal
   * @return floor(n * sparsity); floor(100 * 0.29) is 29
   */
  public static long floor(long n, double sparsity) {
    return exact(n, sparsity).setScale(0, RoundingMode.FLOOR).longValueExact();
  }

  /** ceil(n * sparsity), the rank of a threshold counted from the smallest, at least 1. */
  public static long rank(long n, double sparsity) {
    return Math.max(1, exact(n, sparsity).setScale(0, RoundingMode.CEILING).longValueExact());
  }

  private static BigDecimal exact(long n, double sparsity) {
    return BigDecimal.valueOf(sparsity).multiply(BigDecimal.valueOf(n));
  }
}
