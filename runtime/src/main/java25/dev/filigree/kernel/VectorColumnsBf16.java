package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.BYTES;
import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** Stored rows of bfloat16, one per input; lanes are outputs. */
final class VectorColumnsBf16 {
  private VectorColumnsBf16() {}

  /**
   * Adds the products of active inputs i to i + 3. An integer of 32 bits holds two neighbours, so a
   * vector of integers gives those with even distance from {@code from} and those with odd, and y
   * has them in that order until {@link #inOrder}. Eight inputs, as of the other types, are more
   * operations than the compiler puts into one loop: what is left makes an object of every vector.
   *
   * @param inputs these four
   */
  static void rows4(
      MemorySegment w,
      int rows,
      int[] active,
      int i,
      float[] inputs,
      MemorySegment y,
      int yAt,
      int from,
      int to) {
    int k0 = VectorColumns.input(active, i);
    int k1 = VectorColumns.input(active, i + 1);
    int k2 = VectorColumns.input(active, i + 2);
    int k3 = VectorColumns.input(active, i + 3);
    float x0 = inputs[0];
    float x1 = inputs[1];
    float x2 = inputs[2];
    float x3 = inputs[3];
    long p0 = 2L * k0 * rows;
    long p1 = 2L * k1 * rows;
    long p2 = 2L * k2 * rows;
    long p3 = 2L * k3 * rows;
    long yBase = 4L * yAt;
    int r = from;
    for (; r + VectorPairs.COUNT <= to; r += VectorPairs.COUNT) {
      long o = yBase + 4L * r;
      long h = 2L * r;
      FloatVector a = FloatVector.fromMemorySegment(F, y, o, ORDER);
      FloatVector b = FloatVector.fromMemorySegment(F, y, o + BYTES, ORDER);
      IntVector v = VectorPairs.load(w, p0 + h);
      FloatVector s = FloatVector.broadcast(F, x0);
      a = VectorPairs.even(v).fma(s, a);
      b = VectorPairs.odd(v).fma(s, b);
      v = VectorPairs.load(w, p1 + h);
      s = FloatVector.broadcast(F, x1);
      a = VectorPairs.even(v).fma(s, a);
      b = VectorPairs.odd(v).fma(s, b);
      v = VectorPairs.load(w, p2 + h);
      s = FloatVector.broadcast(F, x2);
      a = VectorPairs.even(v).fma(s, a);
      b = VectorPairs.odd(v).fma(s, b);
      v = VectorPairs.load(w, p3 + h);
      s = FloatVector.broadcast(F, x3);
      a = VectorPairs.even(v).fma(s, a);
      b = VectorPairs.odd(v).fma(s, b);
      a.intoMemorySegment(y, o, ORDER);
      b.intoMemorySegment(y, o + BYTES, ORDER);
    }
    tail(w, p0, x0, y, yAt, r, to);
    tail(w, p1, x1, y, yAt, r, to);
    tail(w, p2, x2, y, yAt, r, to);
    tail(w, p3, x3, y, yAt, r, to);
  }

  /**
   * Adds the products of input k; y is in the order of {@link #rows4}. * Four vectors at a time:
   * longer than what the compiler puts into its callers, which together would exceed the code in
   * which it keeps vectors out of memory.
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
    FloatVector s = FloatVector.broadcast(F, xk);
    long p = 2L * k * rows;
    long yBase = 4L * yAt;
    int r = from;
    for (; r + 2 * VectorPairs.COUNT <= to; r += 2 * VectorPairs.COUNT) {
      long o = yBase + 4L * r;
      IntVector a = VectorPairs.load(w, p + 2L * r);
      IntVector b = VectorPairs.load(w, p + 2L * r + BYTES);
      VectorPairs.even(a).fma(s, VectorLoads.f32(y, o)).intoMemorySegment(y, o, ORDER);
      VectorPairs.odd(a)
          .fma(s, VectorLoads.f32(y, o + BYTES))
          .intoMemorySegment(y, o + BYTES, ORDER);
      VectorPairs.even(b)
          .fma(s, VectorLoads.f32(y, o + 2 * BYTES))
          .intoMemorySegment(y, o + 2 * BYTES, ORDER);
      VectorPairs.odd(b)
          .fma(s, VectorLoads.f32(y, o + 3 * BYTES))
          .intoMemorySegment(y, o + 3 * BYTES, ORDER);
    }
    for (; r + VectorPairs.COUNT <= to; r += VectorPairs.COUNT) {
      long o = yBase + 4L * r;
      IntVector v = VectorPairs.load(w, p + 2L * r);
      VectorPairs.even(v)
          .fma(s, FloatVector.fromMemorySegment(F, y, o, ORDER))
          .intoMemorySegment(y, o, ORDER);
      VectorPairs.odd(v)
          .fma(s, FloatVector.fromMemorySegment(F, y, o + BYTES, ORDER))
          .intoMemorySegment(y, o + BYTES, ORDER);
    }
    tail(w, p, xk, y, yAt, r, to);
  }

  /** The same operations in the same order as in a lane, so the bits are the same. */
  private static void tail(
      MemorySegment w, long p, float xk, MemorySegment y, int yAt, int from, int to) {
    for (int r = from; r < to; r++) {
      long o = 4L * (yAt + (long) r);
      float weight = Bf16.toFloat(w.get(JAVA_SHORT_UNALIGNED, p + 2L * r));
      y.set(JAVA_FLOAT_UNALIGNED, o, Math.fma(weight, xk, y.get(JAVA_FLOAT_UNALIGNED, o)));
    }
  }

  /** Puts the sums of {@link #rows4} into the order of the outputs and adds the bias. */
  static void inOrder(ByteBuffer bias, MemorySegment y, int yAt, int from, int to) {
    MemorySegment offsets = bias == null ? null : Views.segment(bias);
    VectorPairs.join(y, 4L * (yAt + (long) from), to - from, offsets, 4L * from);
    if (offsets != null) {
      for (int r = to - (to - from) % VectorPairs.COUNT; r < to; r++) {
        long o = 4L * (yAt + (long) r);
        float offset = offsets.get(JAVA_FLOAT_UNALIGNED, 4L * r);
        y.set(JAVA_FLOAT_UNALIGNED, o, y.get(JAVA_FLOAT_UNALIGNED, o) + offset);
      }
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
      long p = 2L * ((long) k * rows + r);
      FloatVector u = VectorLoads.bf16(w, p);
      FloatVector v = VectorLoads.bf16(w, p + second / 2);
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
        sum =
            Math.fma(
                Bf16.toFloat(w.get(JAVA_SHORT_UNALIGNED, 2L * ((long) k * rows + r))), xk, sum);
      }
      y.set(JAVA_FLOAT_UNALIGNED, at, sum);
    }
  }
}
