package dev.filigree.samples.digits;

import dev.filigree.report.Report.Tone;
import java.util.Locale;

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

  /** Two or three sentences. */
  String text() {
    return "Batch " + batch + ": the sparse model " + against(total, "DJL dense") + ". " + share();
  }

  private String share() {
    String own = "The same kernels without sparsity " + against(kernels, "DJL dense");
    return switch (sparsity.verdict()) {
      case FASTER ->
          own
              + ", so sparsity itself brings "
              + times(sparsity)
              + (total.verdict() == Spread.Verdict.FASTER
                  ? "."
                  : ", which is not enough here: keep DJL dense for this batch size.");
      case SAME ->
          own
              + " and sparsity changes nothing measurable beyond that ("
              + times(sparsity)
              + (total.verdict() == Spread.Verdict.FASTER
                  ? "): the gain is not from sparsity."
                  : "): at this batch size it only saves space.");
      case SLOWER ->
          own
              + " and sparsity loses to them ("
              + times(sparsity)
              + "): at this batch size dense is the better choice.";
    };
  }

  private static String against(Spread ratio, String whom) {
    return switch (ratio.verdict()) {
      case FASTER -> times(ratio) + " as fast as " + whom;
      case SAME -> "as fast as " + whom + " within the noise, " + times(ratio);
      case SLOWER -> "slower than " + whom + ", " + times(ratio) + " as fast";
    };
  }

  private static String times(Spread ratio) {
    return String.format(
        Locale.ROOT, "%.2fx (%.2f to %.2f)", ratio.median(), ratio.p10(), ratio.p90());
  }
}
