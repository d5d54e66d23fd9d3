package dev.filigree.decoder.evaluate;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.IntBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What calibration and evaluation data have in common. */
public final class Overlap {
  private static final int WINDOW = 13;

  private Overlap() {}

  /** The share of the 13-id windows of the evaluation data that occur in the other data, 0 to 1. */
  public static double share(List<int[]> calibration, List<int[]> evaluation) {
    Set<IntBuffer> known = new HashSet<>();
    for (int[] ids : calibration) {
      for (int i = 0; i + WINDOW <= ids.length; i++) {
        known.add(IntBuffer.wrap(ids, i, WINDOW).slice());
      }
    }
    long windows = 0;
    long common = 0;
    for (int[] ids : evaluation) {
      for (int i = 0; i + WINDOW <= ids.length; i++) {
        windows++;
        common += known.contains(IntBuffer.wrap(ids, i, WINDOW).slice()) ? 1 : 0;
      }
    }
    return windows == 0 ? 0 : (double) common / windows;
  }

  /**
   * Refuses data that share a whole sequence.
   *
   * @throws FiligreeException FIL-0718 with the first one
   */
  public static void refuseCommon(List<int[]> calibration, List<int[]> evaluation) {
    Set<IntBuffer> known = new HashSet<>();
    calibration.forEach(ids -> known.add(IntBuffer.wrap(ids)));
    for (int s = 0; s < evaluation.size(); s++) {
      if (known.contains(IntBuffer.wrap(evaluation.get(s)))) {
        throw new FiligreeException(Message.FIL_0718, s);
      }
    }
  }
}
