package dev.filigree.kernel;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
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

  private VectorConstants() {}

  /**
   * The sum of {@code count} lanes, a power of two, which begin at {@code at} and are overwritten;
   * always in the same order. The order of {@code reduceLanes} is another one in the interpreter
   * than in compiled code, so that bits would change when a product is compiled; and a vector
   * handed to a method that is not inlined becomes an object.
   */
  static float sum(float[] lanes, int at, int count) {
    for (int n = count / 2; n > 0; n /= 2) {
      for (int i = at; i < at + n; i++) {
        lanes[i] += lanes[i + n];
      }
    }
    return lanes[at];
  }
}
