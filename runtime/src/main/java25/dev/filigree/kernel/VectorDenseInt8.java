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

  /**
   * Output r without bias and scale. * Eight vectors at a time: longer than what the compiler puts
   * into its callers, which together would exceed the code in which it keeps vectors out of memory.
   */
  static float row(MemorySegment w, int r, int cols, MemorySegment x, int xAt, float[] sums) {
    long x0 = 4L * xAt;
    long p = (long) r * cols;
    FloatVector a = FloatVector.zero(F);
    FloatVector b = a;
    int k = 0;
    for (; k + 8 * LANES <= cols; k += 8 * LANES) {
      long v = x0 + 4L * k;
      long u = p + k;
      a = VectorLoads.int8(w, u).fma(VectorLoads.f32(x, v), a);
      b = VectorLoads.int8(w, u + LANES).fma(VectorLoads.f32(x, v + BYTES), b);
      a = VectorLoads.int8(w, u + 2L * LANES).fma(VectorLoads.f32(x, v + 2 * BYTES), a);
      b = VectorLoads.int8(w, u + 3L * LANES).fma(VectorLoads.f32(x, v + 3 * BYTES), b);
      a = VectorLoads.int8(w, u + 4L * LANES).fma(VectorLoads.f32(x, v + 4 * BYTES), a);
      b = VectorLoads.int8(w, u + 5L * LANES).fma(VectorLoads.f32(x, v + 5 * BYTES), b);
      a = VectorLoads.int8(w, u + 6L * LANES).fma(VectorLoads.f32(x, v + 6 * BYTES), a);
      b = VectorLoads.int8(w, u + 7L * LANES).fma(VectorLoads.f32(x, v + 7 * BYTES), b);
    }
    for (; k + 2 * LANES <= cols; k += 2 * LANES) {
      long v = x0 + 4L * k;
      long u = p + k;
      a = VectorLoads.int8(w, u).fma(VectorLoads.f32(x, v), a);
      b = VectorLoads.int8(w, u + LANES).fma(VectorLoads.f32(x, v + BYTES), b);
    }
    a.add(b).intoArray(sums, 0);
    return tail(w, p, x, x0, k, cols, VectorConstants.sum(sums, 0, LANES));
  }

  /**
   * Four outputs, each with the operations of {@link #row} in its order, to {@code out}: four
   * streams of memory at a time, which share what they read of the inputs.
   */
  static void rows4(
      MemorySegment w, int[] rows, int cols, MemorySegment x, int xAt, float[] sums, float[] out) {
    long x0 = 4L * xAt;
    long p0 = (long) rows[0] * cols;
    long p1 = (long) rows[1] * cols;
    long p2 = (long) rows[2] * cols;
    long p3 = (long) rows[3] * cols;
    FloatVector a0 = FloatVector.zero(F);
    FloatVector b0 = a0;
    FloatVector a1 = a0;
    FloatVector b1 = a0;
    FloatVector a2 = a0;
    FloatVector b2 = a0;
    FloatVector a3 = a0;
    FloatVector b3 = a0;
    int k = 0;
    for (; k + 2 * LANES <= cols; k += 2 * LANES) {
      long u = k;
      FloatVector s = VectorLoads.f32(x, x0 + 4L * k);
      FloatVector t = VectorLoads.f32(x, x0 + 4L * k + BYTES);
      a0 = VectorLoads.int8(w, p0 + u).fma(s, a0);
      b0 = VectorLoads.int8(w, p0 + u + LANES).fma(t, b0);
      a1 = VectorLoads.int8(w, p1 + u).fma(s, a1);
      b1 = VectorLoads.int8(w, p1 + u + LANES).fma(t, b1);
      a2 = VectorLoads.int8(w, p2 + u).fma(s, a2);
      b2 = VectorLoads.int8(w, p2 + u + LANES).fma(t, b2);
      a3 = VectorLoads.int8(w, p3 + u).fma(s, a3);
      b3 = VectorLoads.int8(w, p3 + u + LANES).fma(t, b3);
    }
    a0.add(b0).intoArray(sums, 0);
    a1.add(b1).intoArray(sums, LANES);
    a2.add(b2).intoArray(sums, 2 * LANES);
    a3.add(b3).intoArray(sums, 3 * LANES);
    for (int i = 0; i < 4; i++) {
      float sum = VectorConstants.sum(sums, i * LANES, LANES);
      out[i] = tail(w, (long) rows[i] * cols, x, x0, k, cols, sum);
    }
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
