package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.BYTES;
import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import jdk.incubator.vector.FloatVector;

/** Stored rows of 8-bit integers, one per input; lanes are outputs. */
final class VectorColumnsInt8 {

  private VectorColumnsInt8() {}

  /**
   * Adds the products of active inputs i to i + 7: y is read and written once for eight rows.
   *
   * @param scaled these inputs times their scales: read here, they would be more code than the
   *     compiler puts into one method
   */
  static void rows8(
      MemorySegment w,
      int rows,
      int[] active,
      int i,
      float[] scaled,
      MemorySegment y,
      int yAt,
      int from,
      int to) {
    long p0 = (long) VectorColumns.input(active, i) * rows;
    long p1 = (long) VectorColumns.input(active, i + 1) * rows;
    long p2 = (long) VectorColumns.input(active, i + 2) * rows;
    long p3 = (long) VectorColumns.input(active, i + 3) * rows;
    long p4 = (long) VectorColumns.input(active, i + 4) * rows;
    long p5 = (long) VectorColumns.input(active, i + 5) * rows;
    long p6 = (long) VectorColumns.input(active, i + 6) * rows;
    long p7 = (long) VectorColumns.input(active, i + 7) * rows;
    float x0 = scaled[0];
    float x1 = scaled[1];
    float x2 = scaled[2];
    float x3 = scaled[3];
    float x4 = scaled[4];
    float x5 = scaled[5];
    float x6 = scaled[6];
    float x7 = scaled[7];
    long yBase = 4L * yAt;
    int r = from;
    for (; r + LANES <= to; r += LANES) {
      long o = 4L * r;
      FloatVector a = FloatVector.fromMemorySegment(F, y, yBase + o, ORDER);
      a = VectorLoads.int8(w, p0 + r).fma(FloatVector.broadcast(F, x0), a);
      FloatVector b = VectorLoads.int8(w, p1 + r).mul(FloatVector.broadcast(F, x1));
      a = VectorLoads.int8(w, p2 + r).fma(FloatVector.broadcast(F, x2), a);
      b = VectorLoads.int8(w, p3 + r).fma(FloatVector.broadcast(F, x3), b);
      a = VectorLoads.int8(w, p4 + r).fma(FloatVector.broadcast(F, x4), a);
      b = VectorLoads.int8(w, p5 + r).fma(FloatVector.broadcast(F, x5), b);
      a = VectorLoads.int8(w, p6 + r).fma(FloatVector.broadcast(F, x6), a);
      b = VectorLoads.int8(w, p7 + r).fma(FloatVector.broadcast(F, x7), b);
      a.add(b).intoMemorySegment(y, yBase + o, ORDER);
    }
    tail8(w, rows, active, i, scaled, y, yAt, r, to);
  }

  /** The same operations in the same order as in a lane, so the bits are the same. */
  private static void tail8(
      MemorySegment w,
      int rows,
      int[] active,
      int i,
      float[] scaled,
      MemorySegment y,
      int yAt,
      int from,
      int to) {
    long p0 = (long) VectorColumns.input(active, i) * rows;
    long p1 = (long) VectorColumns.input(active, i + 1) * rows;
    long p2 = (long) VectorColumns.input(active, i + 2) * rows;
    long p3 = (long) VectorColumns.input(active, i + 3) * rows;
    long p4 = (long) VectorColumns.input(active, i + 4) * rows;
    long p5 = (long) VectorColumns.input(active, i + 5) * rows;
    long p6 = (long) VectorColumns.input(active, i + 6) * rows;
    long p7 = (long) VectorColumns.input(active, i + 7) * rows;
    float x0 = scaled[0];
    float x1 = scaled[1];
    float x2 = scaled[2];
    float x3 = scaled[3];
    float x4 = scaled[4];
    float x5 = scaled[5];
    float x6 = scaled[6];
    float x7 = scaled[7];
    long yBase = 4L * yAt;
    for (int r = from; r < to; r++) {
      long o = 4L * r;
      float a = y.get(JAVA_FLOAT_UNALIGNED, yBase + o);
      a = Math.fma(w.get(JAVA_BYTE, p0 + r), x0, a);
      float b = w.get(JAVA_BYTE, p1 + r) * x1;
      a = Math.fma(w.get(JAVA_BYTE, p2 + r), x2, a);
      b = Math.fma(w.get(JAVA_BYTE, p3 + r), x3, b);
      a = Math.fma(w.get(JAVA_BYTE, p4 + r), x4, a);
      b = Math.fma(w.get(JAVA_BYTE, p5 + r), x5, b);
      a = Math.fma(w.get(JAVA_BYTE, p6 + r), x6, a);
      b = Math.fma(w.get(JAVA_BYTE, p7 + r), x7, b);
      y.set(JAVA_FLOAT_UNALIGNED, yBase + o, a + b);
    }
  }

  /**
   * Adds the products of input k. * Four vectors at a time: longer than what the compiler puts into
   * its callers, which together would exceed the code in which it keeps vectors out of memory.
   */
  static void row(
      MemorySegment w,
      ByteBuffer scales,
      int rows,
      int k,
      ByteBuffer x,
      int xAt,
      MemorySegment y,
      int yAt,
      int from,
      int to) {
    float xk = x.getFloat(4 * (xAt + k)) * scales.getFloat(4 * k);
    FloatVector v = FloatVector.broadcast(F, xk);
    long p = (long) k * rows;
    long yBase = 4L * yAt;
    int r = from;
    for (; r + 4 * LANES <= to; r += 4 * LANES) {
      long o = yBase + 4L * r;
      long q = p + r;
      VectorLoads.int8(w, q).fma(v, VectorLoads.f32(y, o)).intoMemorySegment(y, o, ORDER);
      VectorLoads.int8(w, q + LANES)
          .fma(v, VectorLoads.f32(y, o + BYTES))
          .intoMemorySegment(y, o + BYTES, ORDER);
      VectorLoads.int8(w, q + 2L * LANES)
          .fma(v, VectorLoads.f32(y, o + 2 * BYTES))
          .intoMemorySegment(y, o + 2 * BYTES, ORDER);
      VectorLoads.int8(w, q + 3L * LANES)
          .fma(v, VectorLoads.f32(y, o + 3 * BYTES))
          .intoMemorySegment(y, o + 3 * BYTES, ORDER);
    }
    for (; r + LANES <= to; r += LANES) {
      long o = yBase + 4L * r;
      VectorLoads.int8(w, p + r)
          .fma(v, FloatVector.fromMemorySegment(F, y, o, ORDER))
          .intoMemorySegment(y, o, ORDER);
    }
    for (; r < to; r++) {
      long o = yBase + 4L * r;
      y.set(
          JAVA_FLOAT_UNALIGNED,
          o,
          Math.fma(w.get(JAVA_BYTE, p + r), xk, y.get(JAVA_FLOAT_UNALIGNED, o)));
    }
  }

  /** Inputs k0 to k1 of four activation rows by two vectors of outputs, sums in registers. */
  static void tile4x2(
      MemorySegment w,
      ByteBuffer scales,
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
      long p = (long) k * rows + r;
      float scale = scales.getFloat(4 * k);
      FloatVector u = VectorLoads.int8(w, p);
      FloatVector v = VectorLoads.int8(w, p + LANES);
      FloatVector s = FloatVector.broadcast(F, x.get(o) * scale);
      a0 = u.fma(s, a0);
      b0 = v.fma(s, b0);
      s = FloatVector.broadcast(F, x.get(o + cols) * scale);
      a1 = u.fma(s, a1);
      b1 = v.fma(s, b1);
      s = FloatVector.broadcast(F, x.get(o + 2 * cols) * scale);
      a2 = u.fma(s, a2);
      b2 = v.fma(s, b2);
      s = FloatVector.broadcast(F, x.get(o + 3 * cols) * scale);
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
      ByteBuffer scales,
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
        float xk = x.get(x0 + i * cols + k) * scales.getFloat(4 * k);
        sum = Math.fma(w.get(JAVA_BYTE, (long) k * rows + r), xk, sum);
      }
      y.set(JAVA_FLOAT_UNALIGNED, at, sum);
    }
  }
}
