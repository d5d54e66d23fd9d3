package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;

/** Rows of 8-bit integers by one activation row. */
final class VectorDenseInt8 {

  private VectorDenseInt8() {}

  /**
   * Outputs r0 to r3 in one pass: they share each loaded activation. Two sums per row, as for
   * float32, are more conversions than the compiler puts into one loop.
   */
  static void rows4(
      MemorySegment w,
      ByteBuffer scales,
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
    long p0 = (long) r0 * cols;
    long p1 = (long) r1 * cols;
    long p2 = (long) r2 * cols;
    long p3 = (long) r3 * cols;
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    int k = 0;
    for (; k + LANES <= cols; k += LANES) {
      long o = 4L * k;
      FloatVector v = FloatVector.fromMemorySegment(F, x, x0 + o, ORDER);
      a0 = VectorLoads.int8(w, p0 + k).fma(v, a0);
      a1 = VectorLoads.int8(w, p1 + k).fma(v, a1);
      a2 = VectorLoads.int8(w, p2 + k).fma(v, a2);
      a3 = VectorLoads.int8(w, p3 + k).fma(v, a3);
    }
    float s0 = VectorConstants.sum(a0);
    float s1 = VectorConstants.sum(a1);
    float s2 = VectorConstants.sum(a2);
    float s3 = VectorConstants.sum(a3);
    for (; k < cols; k++) {
      float v = x.get(JAVA_FLOAT_UNALIGNED, x0 + 4L * k);
      s0 += w.get(JAVA_BYTE, p0 + k) * v;
      s1 += w.get(JAVA_BYTE, p1 + k) * v;
      s2 += w.get(JAVA_BYTE, p2 + k) * v;
      s3 += w.get(JAVA_BYTE, p3 + k) * v;
    }
    VectorDense.store(s0 * scales.getFloat(4 * r0), bias, y, yAt, r0);
    VectorDense.store(s1 * scales.getFloat(4 * r1), bias, y, yAt, r1);
    VectorDense.store(s2 * scales.getFloat(4 * r2), bias, y, yAt, r2);
    VectorDense.store(s3 * scales.getFloat(4 * r3), bias, y, yAt, r3);
  }
}
