package dev.filigree.annotations;

/** How removed weights are treated while training. */
public enum Training {
  /** They are exactly zero in the parameter after every optimizer step. */
  HARD,
  /**
   * They stay in the parameter, count as zero in every forward pass and are pulled to zero; see
   * {@link NMSparse#lambda()}.
   */
  SR_STE
}
