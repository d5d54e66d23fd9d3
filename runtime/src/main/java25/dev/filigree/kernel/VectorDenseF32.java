package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.BYTES;
import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Rows of float32 by one activation row. */
final class VectorDenseF32 {

  private VectorDenseF32() {}

  /**
   * Output r without bias. * Eight vectors at a time: longer than what the compiler puts into its
   * callers, which together would exceed the code in which it keeps vectors out of memory.
   */
  static float row(MemorySegment w, int r, int cols, MemorySegment x, int xAt, float[] sums) {
    long x0 = 4L * xAt;
    long p = 4L * r * cols;
    FloatVector a = FloatVector.zero(F);
    FloatVector b = a;
    int k = 0;
    for (; k + 8 * LANES <= cols; k += 8 * LANES) {
      long v = x0 + 4L * k;
      long u = p + 4L * k;
      a = VectorLoads.f32(w, u).fma(VectorLoads.f32(x, v), a);
      b = VectorLoads.f32(w, u + BYTES).fma(VectorLoads.f32(x, v + BYTES), b);
      a = VectorLoads.f32(w, u + 2 * BYTES).fma(VectorLoads.f32(x, v + 2 * BYTES), a);
      b = VectorLoads.f32(w, u + 3 * BYTES).fma(VectorLoads.f32(x, v + 3 * BYTES), b);
      a = VectorLoads.f32(w, u + 4 * BYTES).fma(VectorLoads.f32(x, v + 4 * BYTES), a);
      b = VectorLoads.f32(w, u + 5 * BYTES).fma(VectorLoads.f32(x, v + 5 * BYTES), b);
      a = VectorLoads.f32(w, u + 6 * BYTES).fma(VectorLoads.f32(x, v + 6 * BYTES), a);
      b = VectorLoads.f32(w, u + 7 * BYTES).fma(VectorLoads.f32(x, v + 7 * BYTES), b);
    }
    for (; k + 2 * LANES <= cols; k += 2 * LANES) {
      long v = x0 + 4L * k;
      long u = p + 4L * k;
      a = VectorLoads.f32(w, u).fma(VectorLoads.f32(x, v), a);
      b = VectorLoads.f32(w, u + BYTES).fma(VectorLoads.f32(x, v + BYTES), b);
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
    long p0 = 4L * rows[0] * cols;
    long p1 = 4L * rows[1] * cols;
    long p2 = 4L * rows[2] * cols;
    long p3 = 4L * rows[3] * cols;
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
      long u = 4L * k;
      FloatVector s = VectorLoads.f32(x, x0 + 4L * k);
      FloatVector t = VectorLoads.f32(x, x0 + 4L * k + BYTES);
      a0 = VectorLoads.f32(w, p0 + u).fma(s, a0);
      b0 = VectorLoads.f32(w, p0 + u + BYTES).fma(t, b0);
      a1 = VectorLoads.f32(w, p1 + u).fma(s, a1);
      b1 = VectorLoads.f32(w, p1 + u + BYTES).fma(t, b1);
      a2 = VectorLoads.f32(w, p2 + u).fma(s, a2);
      b2 = VectorLoads.f32(w, p2 + u + BYTES).fma(t, b2);
      a3 = VectorLoads.f32(w, p3 + u).fma(s, a3);
      b3 = VectorLoads.f32(w, p3 + u + BYTES).fma(t, b3);
    }
    a0.add(b0).intoArray(sums, 0);
    a1.add(b1).intoArray(sums, LANES);
    a2.add(b2).intoArray(sums, 2 * LANES);
    a3.add(b3).intoArray(sums, 3 * LANES);
    for (int i = 0; i < 4; i++) {
      float sum = VectorConstants.sum(sums, i * LANES, LANES);
      out[i] = tail(w, 4L * rows[i] * cols, x, x0, k, cols, sum);
    }
  }

  /** Adds the inputs from k on to the sum of a row. */
  private static float tail(
      MemorySegment w, long p, MemorySegment x, long x0, int k, int cols, float sum) {
    float s = sum;
    for (int i = k; i < cols; i++) {
      s += w.get(JAVA_FLOAT_UNALIGNED, p + 4L * i) * x.get(JAVA_FLOAT_UNALIGNED, x0 + 4L * i);
    }
    return s;
  }
}
