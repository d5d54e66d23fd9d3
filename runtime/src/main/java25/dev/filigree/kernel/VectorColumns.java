package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import jdk.incubator.vector.FloatVector;

/** Dense matrix stored by inputs: lanes are outputs, every stored row belongs to one input. */
final class VectorColumns implements ColumnsKernels {

  /**
   * Eight active rows per pass: long contiguous reads, and y is read and written once for eight
   * rows of W.
   */
  @Override
  public void gemv(
      ByteBuffer wb,
      int rows,
      int[] active,
      int count,
      ByteBuffer xb,
      int xAt,
      ByteBuffer bias,
      ByteBuffer yb,
      int yAt,
      int from,
      int to) {
    MemorySegment w = MemorySegment.ofBuffer(wb);
    MemorySegment y = MemorySegment.ofBuffer(yb);
    start(bias, y, yAt, from, to);
    int i = 0;
    for (; i + 8 <= count; i += 8) {
      rows8(w, rows, active, i, xb, xAt, y, yAt, from, to);
    }
    for (; i < count; i++) {
      row(w, rows, input(active, i), xb, xAt, y, yAt, from, to);
    }
  }

  private static void rows8(
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
    int k0 = input(active, i);
    int k1 = input(active, i + 1);
    int k2 = input(active, i + 2);
    int k3 = input(active, i + 3);
    int k4 = input(active, i + 4);
    int k5 = input(active, i + 5);
    int k6 = input(active, i + 6);
    int k7 = input(active, i + 7);
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
      a = FloatVector.fromMemorySegment(F, w, p0 + o, ORDER).fma(FloatVector.broadcast(F, x0), a);
      FloatVector b =
          FloatVector.fromMemorySegment(F, w, p1 + o, ORDER).mul(FloatVector.broadcast(F, x1));
      a = FloatVector.fromMemorySegment(F, w, p2 + o, ORDER).fma(FloatVector.broadcast(F, x2), a);
      b = FloatVector.fromMemorySegment(F, w, p3 + o, ORDER).fma(FloatVector.broadcast(F, x3), b);
      a = FloatVector.fromMemorySegment(F, w, p4 + o, ORDER).fma(FloatVector.broadcast(F, x4), a);
      b = FloatVector.fromMemorySegment(F, w, p5 + o, ORDER).fma(FloatVector.broadcast(F, x5), b);
      a = FloatVector.fromMemorySegment(F, w, p6 + o, ORDER).fma(FloatVector.broadcast(F, x6), a);
      b = FloatVector.fromMemorySegment(F, w, p7 + o, ORDER).fma(FloatVector.broadcast(F, x7), b);
      a.add(b).intoMemorySegment(y, yBase + o, ORDER);
    }
    for (; r < to; r++) {
      long o = 4L * r;
      // The same operations in the same order as in a lane, so the bits are the same.
      float a =
          Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p0 + o), x0, y.get(JAVA_FLOAT_UNALIGNED, yBase + o));
      float b = w.get(JAVA_FLOAT_UNALIGNED, p1 + o) * x1;
      a = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p2 + o), x2, a);
      b = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p3 + o), x3, b);
      a = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p4 + o), x4, a);
      b = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p5 + o), x5, b);
      a = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p6 + o), x6, a);
      b = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p7 + o), x7, b);
      y.set(JAVA_FLOAT_UNALIGNED, yBase + o, a + b);
    }
  }

  private static void row(
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
    for (; r + LANES <= to; r += LANES) {
      long o = 4L * r;
      FloatVector.fromMemorySegment(F, w, p + o, ORDER)
          .fma(v, FloatVector.fromMemorySegment(F, y, yBase + o, ORDER))
          .intoMemorySegment(y, yBase + o, ORDER);
    }
    for (; r < to; r++) {
      long o = 4L * r;
      y.set(
          JAVA_FLOAT_UNALIGNED,
          yBase + o,
          Math.fma(w.get(JAVA_FLOAT_UNALIGNED, p + o), xk, y.get(JAVA_FLOAT_UNALIGNED, yBase + o)));
    }
  }

  /** Tiles of four activation rows by two vectors of outputs stay in registers over all inputs. */
  @Override
  public void gemm4(
      ByteBuffer wb,
      int rows,
      int cols,
      ByteBuffer xb,
      int xAt,
      ByteBuffer bias,
      ByteBuffer yb,
      int yAt,
      int from,
      int to) {
    MemorySegment w = MemorySegment.ofBuffer(wb);
    FloatBuffer x = xb.asFloatBuffer();
    MemorySegment y = MemorySegment.ofBuffer(yb);
    for (int i = 0; i < 4; i++) {
      start(bias, y, yAt + i * rows, from, to);
    }
    // A tile of outputs is as narrow as a cache line or two; a block of inputs keeps the pages of W
    // it touches within the reach of the address translation cache.
    int block = 256;
    for (int k0 = 0; k0 < cols; k0 += block) {
      int k1 = Math.min(cols, k0 + block);
      int r = from;
      for (; r + 2 * LANES <= to; r += 2 * LANES) {
        tile4x2(w, rows, cols, x, xAt, y, 4L * (yAt + (long) r), r, k0, k1);
      }
      for (; r < to; r++) {
        column4(w, rows, cols, x, xAt, y, 4L * (yAt + (long) r), r, k0, k1);
      }
    }
  }

  private static void tile4x2(
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
      FloatVector u = FloatVector.fromMemorySegment(F, w, p, ORDER);
      FloatVector v = FloatVector.fromMemorySegment(F, w, p + second, ORDER);
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
  private static void column4(
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
        sum =
            Math.fma(
                w.get(JAVA_FLOAT_UNALIGNED, 4L * ((long) k * rows + r)),
                x.get(x0 + i * cols + k),
                sum);
      }
      y.set(JAVA_FLOAT_UNALIGNED, at, sum);
    }
  }

  private static void start(ByteBuffer bias, MemorySegment y, int yAt, int from, int to) {
    MemorySegment target = y.asSlice(4L * (yAt + (long) from), 4L * (to - from));
    if (bias == null) {
      target.fill((byte) 0);
    } else {
      target.copyFrom(MemorySegment.ofBuffer(bias).asSlice(4L * from, 4L * (to - from)));
    }
  }

  private static int input(int[] active, int i) {
    return active == null ? i : active[i];
  }
}
