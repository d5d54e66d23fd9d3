package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** One vector of stored weights as floats, and zeros; {@code at} counts bytes. */
final class VectorLoads {
  private static final VectorSpecies<Integer> I = F.withLanes(int.class);
  private static final VectorSpecies<Short> S =
      VectorSpecies.of(short.class, VectorShape.forBitSize(16 * LANES));

  /** Eight bytes are the shortest vector there is, twice as many as four lanes need. */
  private static final VectorSpecies<Byte> B =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * LANES)));

  private VectorLoads() {}

  static FloatVector f32(MemorySegment w, long at) {
    return FloatVector.fromMemorySegment(F, w, at, ORDER);
  }

  /** A bfloat16 is the upper half of a float. */
  static FloatVector bf16(MemorySegment w, long at) {
    IntVector halves =
        (IntVector)
            ShortVector.fromMemorySegment(S, w, at, ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
    return halves.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  /** Writes zeros; a slice to be filled would be an object. */
  static void zero(MemorySegment to, long at, int count) {
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      FloatVector.zero(F).intoMemorySegment(to, at + 4L * i, ORDER);
    }
    for (; i < count; i++) {
      to.set(JAVA_FLOAT_UNALIGNED, at + 4L * i, 0f);
    }
  }

  /** Integers without their scale. */
  static FloatVector int8(MemorySegment w, long at) {
    ByteVector bytes =
        LANES == 4
            ? IntVector.broadcast(IntVector.SPECIES_64, w.get(JAVA_INT_UNALIGNED, at))
                .reinterpretAsBytes()
            : ByteVector.fromMemorySegment(B, w, at, ORDER);
    return (FloatVector) bytes.convertShape(VectorOperators.B2F, F, 0);
  }
}
