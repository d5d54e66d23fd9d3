package dev.filigree.annotations;

/** How weights are ranked; the lowest are removed. */
public enum Criterion {
  /** |w|, in double precision. */
  MAGNITUDE,
  /**
   * A random rank that depends only on the seed, the layer's path and the position: the control
   * every result is held against.
   */
  RANDOM
}
