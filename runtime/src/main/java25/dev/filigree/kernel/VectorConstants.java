package dev.filigree.kernel;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
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

  /** The sum of all lanes, always in the same order on one width. */
  static float sum(FloatVector v) {
    return v.reduceLanes(VectorOperators.ADD);
  }
}
