package dev.filigree.annotations;

/** Over what the removed share is counted. */
public enum Scope {
  /** {@link #ROW} for single weights, {@link #LAYER} for blocks, rows and channels. */
  DEFAULT,
  /** The same count in every output row (every row of blocks). */
  ROW,
  /** Over the whole layer. */
  LAYER,
  /**
   * Over all layers of the model that declare {@code GLOBAL} with the same sparsity and
   * granularity.
   */
  GLOBAL
}
