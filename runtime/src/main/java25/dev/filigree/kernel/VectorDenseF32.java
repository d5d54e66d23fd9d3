package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.BYTES;
import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;

/** Rows of float32 by one activation row. */
final class VectorDenseF32 {

  private VectorDenseF32() {}

  /**
   * Outputs r0 to r3 in one pass: they share each loaded activation, and two sums per row hide the
   * latency of fma.
   */
  static void rows4(
      MemorySegment w,
      int cols,
      MemorySegment x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int r0,
      int r1,
      int r2,
      int r3,
      float[] sums) {
    long x0 = 4L * xAt;
    long p0 = 4L * r0 * cols;
    long p1 = 4L * r1 * cols;
    long p2 = 4L * r2 * cols;
    long p3 = 4L * r3 * cols;
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    int k = 0;
    for (; k + 2 * LANES <= cols; k += 2 * LANES) {
      long o = 4L * k;
      FloatVector v = FloatVector.fromMemorySegment(F, x, x0 + o, ORDER);
      FloatVector u = FloatVector.fromMemorySegment(F, x, x0 + o + BYTES, ORDER);
      a0 = VectorLoads.f32(w, p0 + o).fma(v, a0);
      b0 = VectorLoads.f32(w, p0 + o + BYTES).fma(u, b0);
      a1 = VectorLoads.f32(w, p1 + o).fma(v, a1);
      b1 = VectorLoads.f32(w, p1 + o + BYTES).fma(u, b1);
      a2 = VectorLoads.f32(w, p2 + o).fma(v, a2);
      b2 = VectorLoads.f32(w, p2 + o + BYTES).fma(u, b2);
      a3 = VectorLoads.f32(w, p3 + o).fma(v, a3);
      b3 = VectorLoads.f32(w, p3 + o + BYTES).fma(u, b3);
    }
    for (; k + LANES <= cols; k += LANES) {
      long o = 4L * k;
      FloatVector v = FloatVector.fromMemorySegment(F, x, x0 + o, ORDER);
      a0 = VectorLoads.f32(w, p0 + o).fma(v, a0);
      a1 = VectorLoads.f32(w, p1 + o).fma(v, a1);
      a2 = VectorLoads.f32(w, p2 + o).fma(v, a2);
      a3 = VectorLoads.f32(w, p3 + o).fma(v, a3);
    }
    a0.add(b0).intoArray(sums, 0);
    a1.add(b1).intoArray(sums, LANES);
    a2.add(b2).intoArray(sums, 2 * LANES);
    a3.add(b3).intoArray(sums, 3 * LANES);
    float s0 = tail(w, p0, x, x0, k, cols, VectorConstants.sum(sums, 0, LANES));
    float s1 = tail(w, p1, x, x0, k, cols, VectorConstants.sum(sums, LANES, LANES));
    float s2 = tail(w, p2, x, x0, k, cols, VectorConstants.sum(sums, 2 * LANES, LANES));
    float s3 = tail(w, p3, x, x0, k, cols, VectorConstants.sum(sums, 3 * LANES, LANES));
    VectorDense.store(s0, bias, y, yAt, r0);
    VectorDense.store(s1, bias, y, yAt, r1);
    VectorDense.store(s2, bias, y, yAt, r2);
    VectorDense.store(s3, bias, y, yAt, r3);
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
