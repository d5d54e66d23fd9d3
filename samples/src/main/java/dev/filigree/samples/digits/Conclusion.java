package dev.filigree.samples.digits;

import dev.filigree.report.Report.Tone;

/** Says in words what the ratios of one batch size show; nothing is taken for granted. */
final class Conclusion {
  private final int batch;
  private final Spread total;
  private final Spread kernels;
  private final Spread sparsity;

  /**
   * Ratios of times.
   *
   * @param batch images per call
   * @param total DJL dense over Filigree sparse
   * @param kernels DJL dense over Filigree dense: what other kernels alone bring
   * @param sparsity Filigree dense over Filigree sparse: what sparsity brings
   */
  Conclusion(int batch, Spread total, Spread kernels, Spread sparsity) {
    this.batch = batch;
    this.total = total;
    this.kernels = kernels;
    this.sparsity = sparsity;
  }

  /** Whether the sparse model is worth it at this batch size. */
  Tone tone() {
    return switch (total.verdict()) {
      case FASTER -> sparsity.verdict() == Spread.Verdict.FASTER ? Tone.GOOD : Tone.NEUTRAL;
      case SAME -> Tone.NEUTRAL;
      case SLOWER -> Tone.BAD;
    };
  }

  /** Two sentences. */
  String text() {
    String first = "Batch " + batch + ": the sparse model " + against(total, "DJL dense") + ". ";
    String own = "Filigree's kernels without any sparsity would be ";
    return first + own + alone() + "; " + share();
  }

  private String alone() {
    return switch (kernels.verdict()) {
      case FASTER -> kernels.times() + " as fast as DJL";
      case SAME -> "as fast as DJL within the noise, " + kernels.times();
      case SLOWER -> "slower than DJL, " + kernels.times();
    };
  }

  private String share() {
    boolean faster = total.verdict() == Spread.Verdict.FASTER;
    return switch (sparsity.verdict()) {
      case FASTER ->
          "sparsity itself brings "
              + sparsity.times()
              + (faster ? "." : ", which is not enough here: at this batch size keep DJL dense.");
      case SAME ->
          "sparsity adds nothing measurable, "
              + sparsity.times()
              + (faster ? ": the gain is not from sparsity." : ": here it only saves space.");
      case SLOWER ->
          "sparsity loses against them, "
              + sparsity.times()
              + ": at this batch size dense is the better choice.";
    };
  }

  private static String against(Spread ratio, String whom) {
    return switch (ratio.verdict()) {
      case FASTER -> "is " + ratio.times() + " as fast as " + whom;
      case SAME -> "is as fast as " + whom + " within the noise, " + ratio.times();
      case SLOWER -> "is SLOWER than " + whom + ", " + ratio.times() + " as fast";
    };
  }
}
