package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.BYTES;
import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import jdk.incubator.vector.FloatVector;

/** Stored rows of float32, one per input; lanes are outputs. */
final class VectorColumnsF32 {

  private VectorColumnsF32() {}

  /** Adds the products of active inputs i to i + 7: y is read and written once for eight rows. */
  static void rows8(
      MemorySegment w,
      int rows,
      int[] active,
      int i,
      ByteBuffer x,
      int xAt,
      MemorySegment y,
      int yAt,
      int from,
      int to) {
    int k0 = VectorColumns.input(active, i);
    int k1 = VectorColumns.input(active, i + 1);
    int k2 = VectorColumns.input(active, i + 2);
    int k3 = VectorColumns.input(active, i + 3);
    int k4 = VectorColumns.input(active, i + 4);
    int k5 = VectorColumns.input(active, i + 5);
    int k6 = VectorColumns.input(active, i + 6);
    int k7 = VectorColumns.input(active, i + 7);
    float x0 = x.getFloat(4 * (xAt + k0));
    float x1 = x.getFloat(4 * (xAt + k1));
    float x2 = x.getFloat(4 * (xAt + k2));
    float x3 = x.getFloat(4 * (xAt + k3));
    float x4 = x.getFloat(4 * (xAt + k4));
    float x5 = x.getFloat(4 * (xAt + k5));
    float x6 = x.getFloat(4 * (xAt + k6));
    float x7 = x.getFloat(4 * (xAt + k7));
    long p0 = 4L * k0 * rows;
    long p1 = 4L * k1 * rows;
    long p2 = 4L * k2 * rows;
    long p3 = 4L * k3 * rows;
    long p4 = 4L * k4 * rows;
    long p5 = 4L * k5 * rows;
    long p6 = 4L * k6 * rows;
    long p7 = 4L * k7 * rows;
    long yBase = 4L * yAt;
    int r = from;
    for (; r + LANES <= to; r += LANES) {
      long o = 4L * r;
      FloatVector a = FloatVector.fromMemorySegment(F, y, yBase + o, ORDER);
      a = VectorLoads.f32(w, p0 + o).fma(FloatVector.broadcast(F, x0), a);
      FloatVector b = VectorLoads.f32(w, p1 + o).mul(FloatVector.broadcast(F, x1));
      a = VectorLoads.f32(w, p2 + o).fma(FloatVector.broadcast(F, x2), a);
      b = VectorLoads.f32(w, p3 + o).fma(FloatVector.broadcast(F, x3), b);
      a = VectorLoads.f32(w, p4 + o).fma(FloatVector.broadcast(F, x4), a);
      b = VectorLoads.f32(w, p5 + o).fma(FloatVector.broadcast(F, x5), b);
      a = VectorLoads.f32(w, p6 + o).fma(FloatVector.broadcast(F, x6), a);
      b = VectorLoads.f32(w, p7 + o).fma(FloatVector.broadcast(F, x7), b);
      a.add(b).intoMemorySegment(y, yBase + o, ORDER);
    }
    for (; r < to; r++) {
      long o = 4L * r;
      // The same operations in the same order as in a lane, so the bits are the same.
      float a = y.get(JAVA_FLOAT_UNALIGNED, yBase + o);
      a = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p0 + 4L * r), x0, a);
      float b = w.get(JAVA_FLOAT_UNALIGNED, p1 + 4L * r) * x1;
      a = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p2 + 4L * r), x2, a);
      b = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p3 + 4L * r), x3, b);
      a = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p4 + 4L * r), x4, a);
      b = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p5 + 4L * r), x5, b);
      a = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p6 + 4L * r), x6, a);
      b = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p7 + 4L * r), x7, b);
      y.set(JAVA_FLOAT_UNALIGNED, yBase + o, a + b);
    }
  }

  /**
   * Adds the products of input k. * Four vectors at a time: longer than what the compiler puts into
   * its callers, which together would exceed the code in which it keeps vectors out of memory.
   */
  static void row(
      MemorySegment w,
      int rows,
      int k,
      ByteBuffer x,
      int xAt,
      MemorySegment y,
      int yAt,
      int from,
      int to) {
    float xk = x.getFloat(4 * (xAt + k));
    FloatVector v = FloatVector.broadcast(F, xk);
    long p = 4L * k * rows;
    long yBase = 4L * yAt;
    int r = from;
    for (; r + 4 * LANES <= to; r += 4 * LANES) {
      long o = yBase + 4L * r;
      long q = p + 4L * r;
      VectorLoads.f32(w, q).fma(v, VectorLoads.f32(y, o)).intoMemorySegment(y, o, ORDER);
      VectorLoads.f32(w, q + BYTES)
          .fma(v, VectorLoads.f32(y, o + BYTES))
          .intoMemorySegment(y, o + BYTES, ORDER);
      VectorLoads.f32(w, q + 2 * BYTES)
          .fma(v, VectorLoads.f32(y, o + 2 * BYTES))
          .intoMemorySegment(y, o + 2 * BYTES, ORDER);
      VectorLoads.f32(w, q + 3 * BYTES)
          .fma(v, VectorLoads.f32(y, o + 3 * BYTES))
          .intoMemorySegment(y, o + 3 * BYTES, ORDER);
    }
    for (; r + LANES <= to; r += LANES) {
      long o = yBase + 4L * r;
      VectorLoads.f32(w, p + 4L * r)
          .fma(v, FloatVector.fromMemorySegment(F, y, o, ORDER))
          .intoMemorySegment(y, o, ORDER);
    }
    for (; r < to; r++) {
      long o = yBase + 4L * r;
      y.set(
          JAVA_FLOAT_UNALIGNED,
          o,
          Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p + 4L * r), xk, y.get(JAVA_FLOAT_UNALIGNED, o)));
    }
  }

  /** Inputs k0 to k1 of four activation rows by two vectors of outputs, sums in registers. */
  static void tile4x2(
      MemorySegment w,
      int rows,
      int cols,
      FloatBuffer x,
      int x0,
      MemorySegment y,
      long y0,
      int r,
      int k0,
      int k1) {
    long ys = 4L * rows;
    long second = 4L * LANES;
    FloatVector a0 = FloatVector.fromMemorySegment(F, y, y0, ORDER);
    FloatVector b0 = FloatVector.fromMemorySegment(F, y, y0 + second, ORDER);
    FloatVector a1 = FloatVector.fromMemorySegment(F, y, y0 + ys, ORDER);
    FloatVector b1 = FloatVector.fromMemorySegment(F, y, y0 + ys + second, ORDER);
    FloatVector a2 = FloatVector.fromMemorySegment(F, y, y0 + 2 * ys, ORDER);
    FloatVector b2 = FloatVector.fromMemorySegment(F, y, y0 + 2 * ys + second, ORDER);
    FloatVector a3 = FloatVector.fromMemorySegment(F, y, y0 + 3 * ys, ORDER);
    FloatVector b3 = FloatVector.fromMemorySegment(F, y, y0 + 3 * ys + second, ORDER);
    for (int k = k0; k < k1; k++) {
      int o = x0 + k;
      long p = 4L * ((long) k * rows + r);
      FloatVector u = VectorLoads.f32(w, p);
      FloatVector v = VectorLoads.f32(w, p + second);
      FloatVector s = FloatVector.broadcast(F, x.get(o));
      a0 = u.fma(s, a0);
      b0 = v.fma(s, b0);
      s = FloatVector.broadcast(F, x.get(o + cols));
      a1 = u.fma(s, a1);
      b1 = v.fma(s, b1);
      s = FloatVector.broadcast(F, x.get(o + 2 * cols));
      a2 = u.fma(s, a2);
      b2 = v.fma(s, b2);
      s = FloatVector.broadcast(F, x.get(o + 3 * cols));
      a3 = u.fma(s, a3);
      b3 = v.fma(s, b3);
    }
    a0.intoMemorySegment(y, y0, ORDER);
    b0.intoMemorySegment(y, y0 + second, ORDER);
    a1.intoMemorySegment(y, y0 + ys, ORDER);
    b1.intoMemorySegment(y, y0 + ys + second, ORDER);
    a2.intoMemorySegment(y, y0 + 2 * ys, ORDER);
    b2.intoMemorySegment(y, y0 + 2 * ys + second, ORDER);
    a3.intoMemorySegment(y, y0 + 3 * ys, ORDER);
    b3.intoMemorySegment(y, y0 + 3 * ys + second, ORDER);
  }

  /** One output of four activation rows, with the arithmetic of a lane. */
  static void column4(
      MemorySegment w,
      int rows,
      int cols,
      FloatBuffer x,
      int x0,
      MemorySegment y,
      long y0,
      int r,
      int k0,
      int k1) {
    for (int i = 0; i < 4; i++) {
      long at = y0 + 4L * i * rows;
      float sum = y.get(JAVA_FLOAT_UNALIGNED, at);
      for (int k = k0; k < k1; k++) {
        float xk = x.get(x0 + i * cols + k);
        sum = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, 4L * ((long) k * rows + r)), xk, sum);
      }
      y.set(JAVA_FLOAT_UNALIGNED, at, sum);
    }
  }
}
