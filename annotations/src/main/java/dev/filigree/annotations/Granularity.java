package dev.filigree.annotations;

/** What is removed as one unit. */
public enum Granularity {
  /** Single weights. */
  UNSTRUCTURED,
  /**
   * Blocks of R outputs by C inputs, see {@link Sparse#block()}; scored by the sum of squares of
   * their weights' scores.
   */
  BLOCK,
  /** All weights of one output. */
  ROW,
  /** All weights of one input. */
  CHANNEL
}
