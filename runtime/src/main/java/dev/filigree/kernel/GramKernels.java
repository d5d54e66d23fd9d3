package dev.filigree.kernel;

/**
 * Sums of X^T X in double precision.
 *
 * <p>Unlike the products of {@link Kernels} these have the same bits everywhere: every element adds
 * up its own products in the order of the tokens. A product of two floats is exact in double, so
 * that it makes no difference whether it is rounded before it is added or not: a fused multiply-add
 * gives what two instructions give.
 */
public interface GramKernels {

  /** Rows and columns of a part of the triangle that one call should cover: {@value}. */
  int TILE = 192;

  /**
   * Adds to the lower triangle the products of all tokens of a block: {@code c[j][i] += sum over t
   * of x[t][j] * x[t][i]} for the rows {@code jFrom} to {@code jTo} and the columns {@code iFrom}
   * to {@code iTo}, ends exclusive, where i is at most j. Disjoint parts may run on different
   * threads.
   *
   * @param x values are floats
   * @param jFrom a multiple of 16, as is {@code iFrom}
   * @param jTo a multiple of 16, or the number of rows; likewise {@code iTo}
   * @param c row j has j + 1 elements
   */
  void add(TokenBlock x, int jFrom, int jTo, int iFrom, int iTo, double[][] c);
}
