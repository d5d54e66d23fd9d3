package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.BYTES;
import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;

/** Row-major dense matrix by one activation row. */
final class VectorDense implements DenseKernels {

  /** Four rows per pass share each loaded activation; two sums per row hide the latency of fma. */
  @Override
  public void gemv(
      ByteBuffer wb,
      int cols,
      ByteBuffer xb,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    MemorySegment w = MemorySegment.ofBuffer(wb);
    MemorySegment x = MemorySegment.ofBuffer(xb);
    for (int r = from; r < to; r += 4) {
      // Past the end the last row is computed again, so every row sees the same arithmetic.
      int r1 = Math.min(r + 1, to - 1);
      int r2 = Math.min(r + 2, to - 1);
      int r3 = Math.min(r + 3, to - 1);
      rows4(w, cols, x, xAt, bias, y, yAt, r, r1, r2, r3);
    }
  }

  @Override
  public void panel(
      ByteBuffer w, int cols, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    VectorDensePanel.multiply(w, cols, panel, lanes, tile, from, to);
  }

  private static void rows4(
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
      a0 = FloatVector.fromMemorySegment(F, w, p0 + o, ORDER).fma(v, a0);
      b0 = FloatVector.fromMemorySegment(F, w, p0 + o + BYTES, ORDER).fma(u, b0);
      a1 = FloatVector.fromMemorySegment(F, w, p1 + o, ORDER).fma(v, a1);
      b1 = FloatVector.fromMemorySegment(F, w, p1 + o + BYTES, ORDER).fma(u, b1);
      a2 = FloatVector.fromMemorySegment(F, w, p2 + o, ORDER).fma(v, a2);
      b2 = FloatVector.fromMemorySegment(F, w, p2 + o + BYTES, ORDER).fma(u, b2);
      a3 = FloatVector.fromMemorySegment(F, w, p3 + o, ORDER).fma(v, a3);
      b3 = FloatVector.fromMemorySegment(F, w, p3 + o + BYTES, ORDER).fma(u, b3);
    }
    for (; k + LANES <= cols; k += LANES) {
      long o = 4L * k;
      FloatVector v = FloatVector.fromMemorySegment(F, x, x0 + o, ORDER);
      a0 = FloatVector.fromMemorySegment(F, w, p0 + o, ORDER).fma(v, a0);
      a1 = FloatVector.fromMemorySegment(F, w, p1 + o, ORDER).fma(v, a1);
      a2 = FloatVector.fromMemorySegment(F, w, p2 + o, ORDER).fma(v, a2);
      a3 = FloatVector.fromMemorySegment(F, w, p3 + o, ORDER).fma(v, a3);
    }
    float s0 = VectorConstants.sum(a0.add(b0));
    float s1 = VectorConstants.sum(a1.add(b1));
    float s2 = VectorConstants.sum(a2.add(b2));
    float s3 = VectorConstants.sum(a3.add(b3));
    for (; k < cols; k++) {
      long o = 4L * k;
      float v = x.get(JAVA_FLOAT_UNALIGNED, x0 + o);
      s0 += w.get(JAVA_FLOAT_UNALIGNED, p0 + o) * v;
      s1 += w.get(JAVA_FLOAT_UNALIGNED, p1 + o) * v;
      s2 += w.get(JAVA_FLOAT_UNALIGNED, p2 + o) * v;
      s3 += w.get(JAVA_FLOAT_UNALIGNED, p3 + o) * v;
    }
    store(s0, bias, y, yAt, r0);
    store(s1, bias, y, yAt, r1);
    store(s2, bias, y, yAt, r2);
    store(s3, bias, y, yAt, r3);
  }

  private static void store(float sum, ByteBuffer bias, ByteBuffer y, int yAt, int r) {
    y.putFloat(4 * (yAt + r), bias == null ? sum : sum + bias.getFloat(4 * r));
  }
}
