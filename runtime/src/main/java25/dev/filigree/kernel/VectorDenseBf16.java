package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;

/** Rows of bfloat16 by one activation row. */
final class VectorDenseBf16 {

  private VectorDenseBf16() {}

  /**
   * Outputs r0 to r3 in one pass: they share each loaded activation. Two sums per row, as for
   * float32, are more conversions than the compiler puts into one loop.
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
      int r3) {
    long x0 = 4L * xAt;
    long p0 = 2L * r0 * cols;
    long p1 = 2L * r1 * cols;
    long p2 = 2L * r2 * cols;
    long p3 = 2L * r3 * cols;
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    int k = 0;
    for (; k + LANES <= cols; k += LANES) {
      long o = 4L * k;
      long h = 2L * k;
      FloatVector v = FloatVector.fromMemorySegment(F, x, x0 + o, ORDER);
      a0 = VectorLoads.bf16(w, p0 + h).fma(v, a0);
      a1 = VectorLoads.bf16(w, p1 + h).fma(v, a1);
      a2 = VectorLoads.bf16(w, p2 + h).fma(v, a2);
      a3 = VectorLoads.bf16(w, p3 + h).fma(v, a3);
    }
    float s0 = VectorConstants.sum(a0);
    float s1 = VectorConstants.sum(a1);
    float s2 = VectorConstants.sum(a2);
    float s3 = VectorConstants.sum(a3);
    for (; k < cols; k++) {
      float v = x.get(JAVA_FLOAT_UNALIGNED, x0 + 4L * k);
      s0 += Bf16.toFloat(w.get(JAVA_SHORT_UNALIGNED, p0 + 2L * k)) * v;
      s1 += Bf16.toFloat(w.get(JAVA_SHORT_UNALIGNED, p1 + 2L * k)) * v;
      s2 += Bf16.toFloat(w.get(JAVA_SHORT_UNALIGNED, p2 + 2L * k)) * v;
      s3 += Bf16.toFloat(w.get(JAVA_SHORT_UNALIGNED, p3 + 2L * k)) * v;
    }
    VectorDense.store(s0, bias, y, yAt, r0);
    VectorDense.store(s1, bias, y, yAt, r1);
    VectorDense.store(s2, bias, y, yAt, r2);
    VectorDense.store(s3, bias, y, yAt, r3);
  }
}
