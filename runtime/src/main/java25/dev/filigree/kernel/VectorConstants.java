package dev.filigree.kernel;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** The vector width of this machine, at most 512 bit, and what follows from it. */
final class VectorConstants {

  /** A strip of the bitmap format is the widest vector. */
  static final VectorSpecies<Float> F =
      FloatVector.SPECIES_PREFERRED.length() > Kernels.STRIP
          ? FloatVector.SPECIES_512
          : FloatVector.SPECIES_PREFERRED;

  static final int LANES = F.length();
  static final long BYTES = 4L * LANES;
  static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final VectorShuffle<Float> BY_8 = by(8);
  private static final VectorShuffle<Float> BY_4 = by(4);
  private static final VectorShuffle<Float> BY_2 = by(2);
  private static final VectorShuffle<Float> BY_1 = by(1);

  private VectorConstants() {}

  /** Lane i is taken from lane i + n, around the end. */
  private static VectorShuffle<Float> by(int n) {
    return VectorShuffle.iota(F, n % LANES, 1, true);
  }

  /**
   * The sum of all lanes, always in the same order on one width. The order of {@code reduceLanes}
   * is another one in the interpreter than in compiled code, so that bits would change when a
   * product is compiled.
   */
  static float sum(FloatVector v) {
    FloatVector s = v;
    if (LANES == 16) {
      s = s.add(s.rearrange(BY_8));
    }
    if (LANES >= 8) {
      s = s.add(s.rearrange(BY_4));
    }
    if (LANES >= 4) {
      s = s.add(s.rearrange(BY_2));
    }
    return s.add(s.rearrange(BY_1)).lane(0);
  }
}
