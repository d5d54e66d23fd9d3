package dev.filigree.samples.digits;

import dev.filigree.report.Report.Finding;
import dev.filigree.report.Report.Tone;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What the numbers of a run say, in sentences chosen by the numbers. */
final class DemoWords {
  /** Accuracy a sparse model may lose and still be called as good, as a share of all images. */
  private static final double TOLERATED = 0.01;

  /** Rounding of single precision leaves less than this between two orders of summation. */
  private static final double ROUNDING = 1e-4;

  private final DemoResult result;

  DemoWords(DemoResult result) {
    this.result = result;
  }

  /** Speed at each batch size, then accuracy, then size. */
  List<Finding> findings() {
    List<Finding> out = new ArrayList<>();
    for (Timing timing : result.timings()) {
      Conclusion conclusion = timing.conclusion();
      out.add(new Finding(conclusion.tone(), conclusion.text()));
    }
    out.add(accuracy());
    out.add(size());
    return out;
  }

  private Finding accuracy() {
    double lost = result.dense().accuracy() - result.sparse().accuracy();
    double won = result.sparse().accuracy() - result.randomMask().accuracy();
    String against =
        lost > 0
            ? points(lost) + " below dense"
            : lost < 0 ? points(-lost) + " above dense" : "the same as dense";
    String control =
        won > 0
            ? points(won) + " better than the same number of weights kept at random"
            : won < 0
                ? points(-won)
                    + " WORSE than weights kept at random, so choosing by magnitude did not help"
                : "no better than weights kept at random";
    String text =
        "Accuracy: "
            + against
            + (lost > TOLERATED ? ", more than one point: too much sparsity for this model" : "")
            + "; "
            + control
            + " ("
            + DemoTables.percent(result.randomMask().accuracy(), 2)
            + ").";
    return new Finding(lost <= TOLERATED && won > 0 ? Tone.GOOD : Tone.BAD, text);
  }

  private Finding size() {
    double ratio = result.dense().bytes() / (double) result.sparse().bytes();
    String text =
        String.format(
            Locale.ROOT,
            "Size: the packed file has %.0f %% of the bytes of DJL's (%.1fx %s). Scores of the packed"
                + " model differ from its unpacked scores by %.1e of the largest score at most.",
            100 / ratio,
            Math.max(ratio, 1 / ratio),
            ratio >= 1 ? "smaller" : "LARGER",
            result.worstError());
    boolean same = result.worstError() <= ROUNDING;
    return new Finding(
        ratio > 1 && same ? Tone.GOOD : Tone.BAD,
        same ? text : text + " That is more than rounding explains: please report it.");
  }

  private static String points(double share) {
    return String.format(Locale.ROOT, "%.2f points", 100 * share);
  }
}
