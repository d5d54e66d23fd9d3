package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.BYTES;
import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Rows of 8-bit integers by one activation row. */
final class VectorDenseInt8 {

  private VectorDenseInt8() {}

  /** Output r without bias and scale. Four sums hide the latency of fma. */
  static float row(MemorySegment w, int r, int cols, MemorySegment x, int xAt, float[] sums) {
    long x0 = 4L * xAt;
    long p = (long) r * cols;
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    int k = 0;
    for (; k + 4 * LANES <= cols; k += 4 * LANES) {
      long v = x0 + 4L * k;
      long u = p + k;
      a0 = VectorLoads.int8(w, u).fma(VectorLoads.f32(x, v), a0);
      a1 = VectorLoads.int8(w, u + LANES).fma(VectorLoads.f32(x, v + BYTES), a1);
      a2 = VectorLoads.int8(w, u + 2L * LANES).fma(VectorLoads.f32(x, v + 2 * BYTES), a2);
      a3 = VectorLoads.int8(w, u + 3L * LANES).fma(VectorLoads.f32(x, v + 3 * BYTES), a3);
    }
    for (; k + LANES <= cols; k += LANES) {
      a0 = VectorLoads.int8(w, p + k).fma(VectorLoads.f32(x, x0 + 4L * k), a0);
    }
    a0.add(a1).add(a2.add(a3)).intoArray(sums, 0);
    return tail(w, p, x, x0, k, cols, VectorConstants.sum(sums, 0, LANES));
  }

  /** Adds the inputs from k on to the sum of a row. */
  private static float tail(
      MemorySegment w, long p, MemorySegment x, long x0, int k, int cols, float sum) {
    float s = sum;
    for (int i = k; i < cols; i++) {
      s += w.get(JAVA_BYTE, p + i) * x.get(JAVA_FLOAT_UNALIGNED, x0 + 4L * i);
    }
    return s;
  }
}
