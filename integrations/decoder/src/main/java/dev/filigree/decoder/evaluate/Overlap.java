package dev.filigree.decoder.evaluate;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.IntBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What calibration and evaluation data have in common. */
public final class Overlap {
  private Overlap() {}

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
