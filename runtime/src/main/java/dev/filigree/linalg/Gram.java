package dev.filigree.linalg;

import dev.filigree.kernel.GramKernels;
import dev.filigree.kernel.TokenBlock;
import dev.filigree.kernel.Workers;

/** X^T X on all threads, with the same bits on any number of them and with any kernels. */
public final class Gram {
  private static final int TILE = GramKernels.TILE;

  private Gram() {}

  /**
   * Adds the products of all tokens of a block to the lower triangle of X^T X.
   *
   * @param gram row j has j + 1 elements, as many rows as the block has inputs
   */
  public static void add(double[][] gram, TokenBlock x, GramKernels kernels, Workers workers) {
    int n = gram.length;
    int bands = (int) (((long) n + TILE - 1) / TILE);
    int tiles = Math.multiplyExact(bands, bands + 1) / 2;
    // Every tile is claimed by itself, one column of tiles after the other: the inputs of its
    // columns stay in the second-level cache.
    workers.run(
        tiles,
        1,
        tiles,
        (long) n * n / 2 * x.tokens(),
        (from, to) -> {
          int first = 0;
          for (int band = 0; first < to; band++) {
            int below = bands - band;
            for (int k = Math.max(from, first); k < Math.min(to, first + below); k++) {
              int j = (band + k - first) * TILE;
              int i = band * TILE;
              kernels.add(x, j, Math.min(n, j + TILE), i, Math.min(n, i + TILE), gram);
            }
            first += below;
          }
        });
  }
}
