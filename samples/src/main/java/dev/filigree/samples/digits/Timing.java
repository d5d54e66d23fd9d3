package dev.filigree.samples.digits;

/**
 * End-to-end latency of the three models at one batch size.
 *
 * @param batch images per call
 * @param denseMicros DJL dense, median microseconds of one call
 * @param denseJavaMicros Filigree dense
 * @param sparseMicros Filigree sparse
 * @param total DJL dense over Filigree sparse
 * @param kernels DJL dense over Filigree dense: what other kernels alone bring
 * @param sparsity Filigree dense over Filigree sparse: what sparsity brings
 */
record Timing(
    int batch,
    double denseMicros,
    double denseJavaMicros,
    double sparseMicros,
    Spread total,
    Spread kernels,
    Spread sparsity) {

  /** From measured sides in this order: DJL dense, Filigree dense, Filigree sparse. */
  static Timing of(int batch, Latency latency) {
    return new Timing(
        batch,
        latency.micros(0),
        latency.micros(1),
        latency.micros(2),
        latency.ratio(0, 2),
        latency.ratio(0, 1),
        latency.ratio(1, 2));
  }

  Conclusion conclusion() {
    return new Conclusion(batch, total, kernels, sparsity);
  }
}
