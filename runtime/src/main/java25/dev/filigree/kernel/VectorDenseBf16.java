package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.BYTES;
import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** Rows of bfloat16 by one activation row. */
final class VectorDenseBf16 {

  private VectorDenseBf16() {}

  /**
   * Output r without bias. Eight vectors at a time: longer than what the compiler puts into its
   * callers, which together would exceed the code in which it keeps vectors out of memory.
   *
   * @param pairs the inputs in the order of {@link VectorPairs#split}
   */
  static float row(
      MemorySegment w,
      int r,
      int cols,
      MemorySegment x,
      int xAt,
      MemorySegment pairs,
      float[] sums) {
    long p = 2L * r * cols;
    FloatVector a = FloatVector.zero(F);
    FloatVector b = a;
    int k = 0;
    for (; k + 8 * LANES <= cols; k += 8 * LANES) {
      long u = p + 2L * k;
      long x0 = 4L * k;
      IntVector v = VectorPairs.load(w, u);
      a = VectorPairs.even(v).fma(VectorLoads.f32(pairs, x0), a);
      b = VectorPairs.odd(v).fma(VectorLoads.f32(pairs, x0 + BYTES), b);
      v = VectorPairs.load(w, u + BYTES);
      a = VectorPairs.even(v).fma(VectorLoads.f32(pairs, x0 + 2 * BYTES), a);
      b = VectorPairs.odd(v).fma(VectorLoads.f32(pairs, x0 + 3 * BYTES), b);
      v = VectorPairs.load(w, u + 2 * BYTES);
      a = VectorPairs.even(v).fma(VectorLoads.f32(pairs, x0 + 4 * BYTES), a);
      b = VectorPairs.odd(v).fma(VectorLoads.f32(pairs, x0 + 5 * BYTES), b);
      v = VectorPairs.load(w, u + 3 * BYTES);
      a = VectorPairs.even(v).fma(VectorLoads.f32(pairs, x0 + 6 * BYTES), a);
      b = VectorPairs.odd(v).fma(VectorLoads.f32(pairs, x0 + 7 * BYTES), b);
    }
    for (; k + 2 * LANES <= cols; k += 2 * LANES) {
      IntVector v = VectorPairs.load(w, p + 2L * k);
      a = VectorPairs.even(v).fma(VectorLoads.f32(pairs, 4L * k), a);
      b = VectorPairs.odd(v).fma(VectorLoads.f32(pairs, 4L * k + BYTES), b);
    }
    a.add(b).intoArray(sums, 0);
    return tail(w, p, x, 4L * xAt, k, cols, VectorConstants.sum(sums, 0, LANES));
  }

  /**
   * Four outputs, each with the operations of {@link #row} in its order, to {@code out}: four
   * streams of memory at a time, which share what they read of the inputs.
   */
  static void rows4(
      MemorySegment w,
      int[] rows,
      int cols,
      MemorySegment x,
      int xAt,
      MemorySegment pairs,
      float[] sums,
      float[] out) {
    long p0 = 2L * rows[0] * cols;
    long p1 = 2L * rows[1] * cols;
    long p2 = 2L * rows[2] * cols;
    long p3 = 2L * rows[3] * cols;
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
      long u = 2L * k;
      FloatVector s = VectorLoads.f32(pairs, 4L * k);
      FloatVector t = VectorLoads.f32(pairs, 4L * k + BYTES);
      IntVector v = VectorPairs.load(w, p0 + u);
      a0 = VectorPairs.even(v).fma(s, a0);
      b0 = VectorPairs.odd(v).fma(t, b0);
      v = VectorPairs.load(w, p1 + u);
      a1 = VectorPairs.even(v).fma(s, a1);
      b1 = VectorPairs.odd(v).fma(t, b1);
      v = VectorPairs.load(w, p2 + u);
      a2 = VectorPairs.even(v).fma(s, a2);
      b2 = VectorPairs.odd(v).fma(t, b2);
      v = VectorPairs.load(w, p3 + u);
      a3 = VectorPairs.even(v).fma(s, a3);
      b3 = VectorPairs.odd(v).fma(t, b3);
    }
    a0.add(b0).intoArray(sums, 0);
    a1.add(b1).intoArray(sums, LANES);
    a2.add(b2).intoArray(sums, 2 * LANES);
    a3.add(b3).intoArray(sums, 3 * LANES);
    for (int i = 0; i < 4; i++) {
      float sum = VectorConstants.sum(sums, i * LANES, LANES);
      out[i] = tail(w, 2L * rows[i] * cols, x, 4L * xAt, k, cols, sum);
    }
  }

  /** Adds the inputs from k on to the sum of a row. */
  private static float tail(
      MemorySegment w, long p, MemorySegment x, long x0, int k, int cols, float sum) {
    float s = sum;
    for (int i = k; i < cols; i++) {
      s +=
          Bf16.toFloat(w.get(JAVA_SHORT_UNALIGNED, p + 2L * i))
              * x.get(JAVA_FLOAT_UNALIGNED, x0 + 4L * i);
    }
    return s;
  }
}
