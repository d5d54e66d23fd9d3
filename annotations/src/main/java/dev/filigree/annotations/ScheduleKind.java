package dev.filigree.annotations;

/** The shape of a sparsity ramp between step t0 and step t1, towards the declared sparsity s. */
public enum ScheduleKind {
  /**
   * s_t = s - s * (1 - (t - t0) / (t1 - t0))^power: Zhu and Gupta (2017). Steep first, then gentle.
   */
  CUBIC,
  /** s_t = s * (t - t0) / (t1 - t0). */
  LINEAR,
  /** Nothing before t0; at t0 the mask is chosen once at the declared sparsity and stays. */
  ONE_SHOT,
  /** The declared sparsity from t0 on; the mask is chosen anew until t1, then stays. */
  CONSTANT
}
