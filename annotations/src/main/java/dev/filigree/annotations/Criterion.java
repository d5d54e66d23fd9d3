package dev.filigree.annotations;

/** How weights are ranked; the lowest are removed. */
public enum Criterion {
  /** |w|, in double precision. */
  MAGNITUDE,
  /**
   * A random rank that depends only on the seed, the layer's path and the position: the control
   * every result is held against.
   */
  RANDOM,
  /**
   * |W_ij| * ||X_j||_2 with the inputs X of a calibration: Sun et al., "A Simple and Effective
   * Pruning Approach for Large Language Models" (ICLR 2024). Linear layers only.
   *
   * <p>The layer trains dense. It is pruned once, by {@code Filigree.pack(model,
   * options.calibration(dataset))} or {@code Filigree.prune}, and keeps that mask from then on.
   * Packing or saving it before that is an error.
   */
  WANDA,
  /**
   * Column by column with an update of the weights that stay: Frantar and Alistarh, "SparseGPT:
   * Massive Language Models Can Be Accurately Pruned in One-Shot" (ICML 2023). Linear layers only,
   * single weights or N:M, not counted globally; {@link Scope#DEFAULT} is the layer. Calibrated as
   * {@link #WANDA} is.
   */
  SPARSEGPT;

  /** Whether it scores by the inputs of the layer, so that calibration data are needed. */
  public boolean needsCalibration() {
    return this == WANDA || this == SPARSEGPT;
  }
}
