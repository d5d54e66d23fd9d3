package dev.filigree.pack;

import java.nio.FloatBuffer;

/**
 * Chooses the inputs of one token that take part in a product (TEAL, WINA, TOP_K). Safe for any
 * number of threads.
 */
@FunctionalInterface
public interface InputRule {

  /**
   * Writes the indices, ascending, of the inputs that are kept and returns how many.
   *
   * @param x inputs; those of the token are from {@code offset} to {@code offset + n}, absolute
   * @param n how many inputs
   * @param active room for n indices, each from 0 to n - 1
   */
  int keep(FloatBuffer x, int offset, int n, int[] active);
}
