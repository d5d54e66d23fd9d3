package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.BYTES;
import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Two neighbouring bfloat16 in an integer of 32 bits: a whole vector of them is loaded at once and
 * becomes two vectors of floats, those at even and those at odd places, without any conversion
 * across lanes. What they meet has to be in that order too.
 */
final class VectorPairs {

  /** Weights of one vector of integers. */
  static final int COUNT = 2 * LANES;

  private static final VectorSpecies<Integer> I = F.withLanes(int.class);
  private static final IntVector UPPER_HALF = IntVector.broadcast(I, 0xffff0000);
  private static final VectorShuffle<Float> EVEN = VectorShuffle.makeUnzip(F, 0);
  private static final VectorShuffle<Float> ODD = VectorShuffle.makeUnzip(F, 1);
  private static final VectorShuffle<Float> FIRST = VectorShuffle.makeZip(F, 0);
  private static final VectorShuffle<Float> SECOND = VectorShuffle.makeZip(F, 1);

  private VectorPairs() {}

  /** {@link #COUNT} weights from a byte. */
  static IntVector load(MemorySegment w, long at) {
    return IntVector.fromMemorySegment(I, w, at, ORDER);
  }

  /** A little-endian integer has the first of two in its lower half. */
  static FloatVector even(IntVector pairs) {
    return pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  static FloatVector odd(IntVector pairs) {
    return pairs.lanewise(VectorOperators.AND, UPPER_HALF).reinterpretAsFloats();
  }

  /** Copies the whole blocks of {@link #COUNT} floats, in each block the even ones first. */
  static void split(MemorySegment x, long at, int count, MemorySegment to) {
    for (int i = 0; i + COUNT <= count; i += COUNT) {
      FloatVector first = FloatVector.fromMemorySegment(F, x, at + 4L * i, ORDER);
      FloatVector second = FloatVector.fromMemorySegment(F, x, at + 4L * i + BYTES, ORDER);
      first.rearrange(EVEN, second).intoMemorySegment(to, 4L * i, ORDER);
      first.rearrange(ODD, second).intoMemorySegment(to, 4L * i + BYTES, ORDER);
    }
  }

  /** Undoes {@link #split} in place and adds, where there is one, a bias that is in order. */
  static void join(MemorySegment y, long at, int count, MemorySegment bias, long biasAt) {
    for (int i = 0; i + COUNT <= count; i += COUNT) {
      long o = at + 4L * i;
      FloatVector even = FloatVector.fromMemorySegment(F, y, o, ORDER);
      FloatVector odd = FloatVector.fromMemorySegment(F, y, o + BYTES, ORDER);
      FloatVector a = even.rearrange(FIRST, odd);
      FloatVector b = even.rearrange(SECOND, odd);
      if (bias != null) {
        a = a.add(FloatVector.fromMemorySegment(F, bias, biasAt + 4L * i, ORDER));
        b = b.add(FloatVector.fromMemorySegment(F, bias, biasAt + 4L * i + BYTES, ORDER));
      }
      a.intoMemorySegment(y, o, ORDER);
      b.intoMemorySegment(y, o + BYTES, ORDER);
    }
  }
}
