package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;

import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;

/** Sums of some outputs for a panel of activation rows, [outputs][lanes]. */
final class VectorTiles {

  private VectorTiles() {}

  /**
   * Multiplies the sums of every output with its scale.
   *
   * @param scales F32, one per output of the matrix, or null for none
   */
  static void scale(ByteBuffer scales, float[] tile, int lanes, int from, int to) {
    if (scales == null) {
      return;
    }
    for (int r = from; r < to; r++) {
      float scale = scales.getFloat(4 * r);
      for (int l = (r - from) * lanes; l < (r + 1 - from) * lanes; l += LANES) {
        FloatVector.fromArray(F, tile, l).mul(scale).intoArray(tile, l);
      }
    }
  }
}
