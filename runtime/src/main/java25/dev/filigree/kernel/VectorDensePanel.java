package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.BYTES;
import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import jdk.incubator.vector.FloatVector;

/**
 * Row-major dense matrix by a panel of activation rows: tiles of four outputs by four, two or one
 * vector of activation rows stay in registers over a block of inputs.
 */
final class VectorDensePanel {

  /** Inputs per pass: 512 x 64 lanes x 4 bytes leave room for the weights in a 1 MiB cache. */
  static final int BLOCK = 512;

  /** Sixteen sums need 32 vector registers, which come with 512-bit vectors on x86. */
  private static final boolean WIDE_TILE = F.vectorBitSize() == 512;

  private VectorDensePanel() {}

  static void multiply(DenseArrays w, ByteBuffer pb, int lanes, float[] tile, int from, int to) {
    MemorySegment p = Views.segment(pb);
    int cols = w.cols();
    java.util.Arrays.fill(tile, 0, (to - from) * lanes, 0f);
    for (int k0 = 0; k0 < cols; k0 += BLOCK) {
      int k1 = Math.min(cols, k0 + BLOCK);
      if (w.values().type() == ValueType.F32) {
        FloatBuffer floats = Views.floats(w.values().data());
        block(floats, cols, 0, p, lanes, tile, from, from, to, k0, k1);
      } else {
        for (int r0 = from; r0 < to; r0 += VectorUnpacked.OUTPUTS) {
          int r1 = Math.min(to, r0 + VectorUnpacked.OUTPUTS);
          FloatBuffer floats = VectorUnpacked.rows(w, r0, r1, k0, k1);
          block(floats, BLOCK, -r0 * BLOCK - k0, p, lanes, tile, from, r0, r1, k0, k1);
        }
      }
    }
  }

  /**
   * Adds the products of the inputs k0 to k1 to the outputs r0 to r1; weight (r, k) is at {@code r
   * * stride + offset + k}.
   */
  private static void block(
      FloatBuffer w,
      int stride,
      int offset,
      MemorySegment p,
      int lanes,
      float[] tile,
      int from,
      int r0,
      int r1,
      int k0,
      int k1) {
    for (int r = r0; r < r1; r += 4) {
      int l = 0;
      for (; WIDE_TILE && l + 4 * LANES <= lanes; l += 4 * LANES) {
        tile4x4(w, stride, offset, p, lanes, tile, from, r1, r, l, k0, k1);
      }
      for (; l + 2 * LANES <= lanes; l += 2 * LANES) {
        tile4x2(w, stride, offset, p, lanes, tile, from, r1, r, l, k0, k1);
      }
      for (; l < lanes; l += LANES) {
        tile4x1(w, stride, offset, p, lanes, tile, from, r1, r, l, k0, k1);
      }
    }
  }

  private static void tile4x4(
      FloatBuffer w,
      int stride,
      int offset,
      MemorySegment p,
      int lanes,
      float[] tile,
      int from,
      int to,
      int r,
      int l,
      int k0,
      int k1) {
    // Past the end the last row is computed again with the same result.
    int r1 = Math.min(r + 1, to - 1);
    int r2 = Math.min(r + 2, to - 1);
    int r3 = Math.min(r + 3, to - 1);
    int q0 = r * stride + offset;
    int q1 = r1 * stride + offset;
    int q2 = r2 * stride + offset;
    int q3 = r3 * stride + offset;
    int t0 = (r - from) * lanes + l;
    int t1 = (r1 - from) * lanes + l;
    int t2 = (r2 - from) * lanes + l;
    int t3 = (r3 - from) * lanes + l;
    FloatVector c00 = FloatVector.fromArray(F, tile, t0);
    FloatVector c01 = FloatVector.fromArray(F, tile, t0 + LANES);
    FloatVector c02 = FloatVector.fromArray(F, tile, t0 + 2 * LANES);
    FloatVector c03 = FloatVector.fromArray(F, tile, t0 + 3 * LANES);
    FloatVector c10 = FloatVector.fromArray(F, tile, t1);
    FloatVector c11 = FloatVector.fromArray(F, tile, t1 + LANES);
    FloatVector c12 = FloatVector.fromArray(F, tile, t1 + 2 * LANES);
    FloatVector c13 = FloatVector.fromArray(F, tile, t1 + 3 * LANES);
    FloatVector c20 = FloatVector.fromArray(F, tile, t2);
    FloatVector c21 = FloatVector.fromArray(F, tile, t2 + LANES);
    FloatVector c22 = FloatVector.fromArray(F, tile, t2 + 2 * LANES);
    FloatVector c23 = FloatVector.fromArray(F, tile, t2 + 3 * LANES);
    FloatVector c30 = FloatVector.fromArray(F, tile, t3);
    FloatVector c31 = FloatVector.fromArray(F, tile, t3 + LANES);
    FloatVector c32 = FloatVector.fromArray(F, tile, t3 + 2 * LANES);
    FloatVector c33 = FloatVector.fromArray(F, tile, t3 + 3 * LANES);
    for (int k = k0; k < k1; k++) {
      long at = 4L * ((long) k * lanes + l);
      FloatVector x0 = FloatVector.fromMemorySegment(F, p, at, ORDER);
      FloatVector x1 = FloatVector.fromMemorySegment(F, p, at + BYTES, ORDER);
      FloatVector x2 = FloatVector.fromMemorySegment(F, p, at + 2 * BYTES, ORDER);
      FloatVector x3 = FloatVector.fromMemorySegment(F, p, at + 3 * BYTES, ORDER);
      FloatVector v = FloatVector.broadcast(F, w.get(q0 + k));
      c00 = x0.fma(v, c00);
      c01 = x1.fma(v, c01);
      c02 = x2.fma(v, c02);
      c03 = x3.fma(v, c03);
      v = FloatVector.broadcast(F, w.get(q1 + k));
      c10 = x0.fma(v, c10);
      c11 = x1.fma(v, c11);
      c12 = x2.fma(v, c12);
      c13 = x3.fma(v, c13);
      v = FloatVector.broadcast(F, w.get(q2 + k));
      c20 = x0.fma(v, c20);
      c21 = x1.fma(v, c21);
      c22 = x2.fma(v, c22);
      c23 = x3.fma(v, c23);
      v = FloatVector.broadcast(F, w.get(q3 + k));
      c30 = x0.fma(v, c30);
      c31 = x1.fma(v, c31);
      c32 = x2.fma(v, c32);
      c33 = x3.fma(v, c33);
    }
    c00.intoArray(tile, t0);
    c01.intoArray(tile, t0 + LANES);
    c02.intoArray(tile, t0 + 2 * LANES);
    c03.intoArray(tile, t0 + 3 * LANES);
    c10.intoArray(tile, t1);
    c11.intoArray(tile, t1 + LANES);
    c12.intoArray(tile, t1 + 2 * LANES);
    c13.intoArray(tile, t1 + 3 * LANES);
    c20.intoArray(tile, t2);
    c21.intoArray(tile, t2 + LANES);
    c22.intoArray(tile, t2 + 2 * LANES);
    c23.intoArray(tile, t2 + 3 * LANES);
    c30.intoArray(tile, t3);
    c31.intoArray(tile, t3 + LANES);
    c32.intoArray(tile, t3 + 2 * LANES);
    c33.intoArray(tile, t3 + 3 * LANES);
  }

  private static void tile4x2(
      FloatBuffer w,
      int stride,
      int offset,
      MemorySegment p,
      int lanes,
      float[] tile,
      int from,
      int to,
      int r,
      int l,
      int k0,
      int k1) {
    int r1 = Math.min(r + 1, to - 1);
    int r2 = Math.min(r + 2, to - 1);
    int r3 = Math.min(r + 3, to - 1);
    int q0 = r * stride + offset;
    int q1 = r1 * stride + offset;
    int q2 = r2 * stride + offset;
    int q3 = r3 * stride + offset;
    int t0 = (r - from) * lanes + l;
    int t1 = (r1 - from) * lanes + l;
    int t2 = (r2 - from) * lanes + l;
    int t3 = (r3 - from) * lanes + l;
    FloatVector c00 = FloatVector.fromArray(F, tile, t0);
    FloatVector c01 = FloatVector.fromArray(F, tile, t0 + LANES);
    FloatVector c10 = FloatVector.fromArray(F, tile, t1);
    FloatVector c11 = FloatVector.fromArray(F, tile, t1 + LANES);
    FloatVector c20 = FloatVector.fromArray(F, tile, t2);
    FloatVector c21 = FloatVector.fromArray(F, tile, t2 + LANES);
    FloatVector c30 = FloatVector.fromArray(F, tile, t3);
    FloatVector c31 = FloatVector.fromArray(F, tile, t3 + LANES);
    for (int k = k0; k < k1; k++) {
      long at = 4L * ((long) k * lanes + l);
      FloatVector x0 = FloatVector.fromMemorySegment(F, p, at, ORDER);
      FloatVector x1 = FloatVector.fromMemorySegment(F, p, at + BYTES, ORDER);
      FloatVector v = FloatVector.broadcast(F, w.get(q0 + k));
      c00 = x0.fma(v, c00);
      c01 = x1.fma(v, c01);
      v = FloatVector.broadcast(F, w.get(q1 + k));
      c10 = x0.fma(v, c10);
      c11 = x1.fma(v, c11);
      v = FloatVector.broadcast(F, w.get(q2 + k));
      c20 = x0.fma(v, c20);
      c21 = x1.fma(v, c21);
      v = FloatVector.broadcast(F, w.get(q3 + k));
      c30 = x0.fma(v, c30);
      c31 = x1.fma(v, c31);
    }
    c00.intoArray(tile, t0);
    c01.intoArray(tile, t0 + LANES);
    c10.intoArray(tile, t1);
    c11.intoArray(tile, t1 + LANES);
    c20.intoArray(tile, t2);
    c21.intoArray(tile, t2 + LANES);
    c30.intoArray(tile, t3);
    c31.intoArray(tile, t3 + LANES);
  }

  private static void tile4x1(
      FloatBuffer w,
      int stride,
      int offset,
      MemorySegment p,
      int lanes,
      float[] tile,
      int from,
      int to,
      int r,
      int l,
      int k0,
      int k1) {
    int r1 = Math.min(r + 1, to - 1);
    int r2 = Math.min(r + 2, to - 1);
    int r3 = Math.min(r + 3, to - 1);
    int q0 = r * stride + offset;
    int q1 = r1 * stride + offset;
    int q2 = r2 * stride + offset;
    int q3 = r3 * stride + offset;
    int t0 = (r - from) * lanes + l;
    int t1 = (r1 - from) * lanes + l;
    int t2 = (r2 - from) * lanes + l;
    int t3 = (r3 - from) * lanes + l;
    FloatVector c0 = FloatVector.fromArray(F, tile, t0);
    FloatVector c1 = FloatVector.fromArray(F, tile, t1);
    FloatVector c2 = FloatVector.fromArray(F, tile, t2);
    FloatVector c3 = FloatVector.fromArray(F, tile, t3);
    for (int k = k0; k < k1; k++) {
      FloatVector x = FloatVector.fromMemorySegment(F, p, 4L * ((long) k * lanes + l), ORDER);
      c0 = x.fma(FloatVector.broadcast(F, w.get(q0 + k)), c0);
      c1 = x.fma(FloatVector.broadcast(F, w.get(q1 + k)), c1);
      c2 = x.fma(FloatVector.broadcast(F, w.get(q2 + k)), c2);
      c3 = x.fma(FloatVector.broadcast(F, w.get(q3 + k)), c3);
    }
    c0.intoArray(tile, t0);
    c1.intoArray(tile, t1);
    c2.intoArray(tile, t2);
    c3.intoArray(tile, t3);
  }
}
