package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.BYTES;
import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import jdk.incubator.vector.FloatVector;

/**
 * Strip formats by a panel of activation rows. Where a block has several outputs, four of them
 * share every activation that is loaded, in tiles of four outputs by four, two or one vector of
 * activation rows: the multiply-adds bind and not the loads, other than in csr.
 */
final class VectorStripPanel {
  private static final int ROWS = StripKernels.PANEL_ROWS;

  /** Sixteen sums need 32 vector registers, which come with 512-bit vectors on x86. */
  private static final boolean WIDE_TILE = F.vectorBitSize() == 512;

  private VectorStripPanel() {}

  static void multiply(StripArrays w, ByteBuffer pb, int lanes, float[] tile, int from, int to) {
    MemorySegment panel = Views.segment(pb);
    int rows = (to - from + ROWS - 1) / ROWS * ROWS;
    java.util.Arrays.fill(tile, 0, rows * lanes, 0f);
    for (int span = 0; span < w.spans(); span++) {
      if (w.shape().outputs() == 1) {
        wide(w, span, panel, lanes, tile, from, to);
      } else {
        tall(w, span, panel, lanes, tile, from, to);
      }
    }
    VectorTiles.scale(w.values().scales(), tile, lanes, from, to);
  }

  /** Four outputs at a time, which are a block or a quarter of one. */
  private static void tall(
      StripArrays w, int span, MemorySegment panel, int lanes, float[] tile, int from, int to) {
    ShortBuffer positions = Views.shorts(w.positions());
    MemorySegment data = Views.segment(w.values().data());
    boolean f32 = w.values().type() == ValueType.F32;
    VectorUnpacked unpacked = VectorUnpacked.local();
    FloatBuffer values = f32 ? Views.floats(w.values().data()) : unpacked.floats();
    int outputs = w.shape().outputs();
    for (int r = from; r < to; r += ROWS) {
      int start = w.start(r / outputs, span);
      int end = w.start(r / outputs, span + 1);
      if (!f32 && (r == from || r % outputs == 0)) {
        int count = (end - start) * outputs;
        unpacked.run(w.values(), data, start * outputs, count);
      }
      int q = (f32 ? start * outputs : 0) + r % outputs;
      int t = (r - from) * lanes;
      int l = 0;
      for (; WIDE_TILE && l + 4 * LANES <= lanes; l += 4 * LANES) {
        long p = origin(span, lanes, l);
        tile4x4(positions, values, q, outputs, start, end, panel, p, 4 * lanes, tile, t + l, lanes);
      }
      for (; l + 2 * LANES <= lanes; l += 2 * LANES) {
        long p = origin(span, lanes, l);
        tile4x2(positions, values, q, outputs, start, end, panel, p, 4 * lanes, tile, t + l, lanes);
      }
      for (; l < lanes; l += LANES) {
        long p = origin(span, lanes, l);
        tile4x1(positions, values, q, outputs, start, end, panel, p, 4 * lanes, tile, t + l, lanes);
      }
    }
  }

  /** Where the activations of position 0 start in the panel, in bytes. */
  private static long origin(int span, int lanes, int l) {
    return 4L * ((long) StripArrays.base(span) * lanes + l);
  }

  private static void tile4x4(
      ShortBuffer positions,
      FloatBuffer values,
      int first,
      int outputs,
      int start,
      int end,
      MemorySegment panel,
      long origin,
      int stride,
      float[] tile,
      int t,
      int lanes) {
    int t1 = t + lanes;
    int t2 = t1 + lanes;
    int t3 = t2 + lanes;
    FloatVector c00 = FloatVector.fromArray(F, tile, t);
    FloatVector c01 = FloatVector.fromArray(F, tile, t + LANES);
    FloatVector c02 = FloatVector.fromArray(F, tile, t + 2 * LANES);
    FloatVector c03 = FloatVector.fromArray(F, tile, t + 3 * LANES);
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
    for (int i = start; i < end; i++) {
      long p = origin + (long) stride * (positions.get(i) & 0xFFFF);
      int q = first + (i - start) * outputs;
      FloatVector x0 = FloatVector.fromMemorySegment(F, panel, p, ORDER);
      FloatVector x1 = FloatVector.fromMemorySegment(F, panel, p + BYTES, ORDER);
      FloatVector x2 = FloatVector.fromMemorySegment(F, panel, p + 2 * BYTES, ORDER);
      FloatVector x3 = FloatVector.fromMemorySegment(F, panel, p + 3 * BYTES, ORDER);
      FloatVector v = FloatVector.broadcast(F, values.get(q));
      c00 = x0.fma(v, c00);
      c01 = x1.fma(v, c01);
      c02 = x2.fma(v, c02);
      c03 = x3.fma(v, c03);
      v = FloatVector.broadcast(F, values.get(q + 1));
      c10 = x0.fma(v, c10);
      c11 = x1.fma(v, c11);
      c12 = x2.fma(v, c12);
      c13 = x3.fma(v, c13);
      v = FloatVector.broadcast(F, values.get(q + 2));
      c20 = x0.fma(v, c20);
      c21 = x1.fma(v, c21);
      c22 = x2.fma(v, c22);
      c23 = x3.fma(v, c23);
      v = FloatVector.broadcast(F, values.get(q + 3));
      c30 = x0.fma(v, c30);
      c31 = x1.fma(v, c31);
      c32 = x2.fma(v, c32);
      c33 = x3.fma(v, c33);
    }
    c00.intoArray(tile, t);
    c01.intoArray(tile, t + LANES);
    c02.intoArray(tile, t + 2 * LANES);
    c03.intoArray(tile, t + 3 * LANES);
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
      ShortBuffer positions,
      FloatBuffer values,
      int first,
      int outputs,
      int start,
      int end,
      MemorySegment panel,
      long origin,
      int stride,
      float[] tile,
      int t,
      int lanes) {
    int t1 = t + lanes;
    int t2 = t1 + lanes;
    int t3 = t2 + lanes;
    FloatVector c00 = FloatVector.fromArray(F, tile, t);
    FloatVector c01 = FloatVector.fromArray(F, tile, t + LANES);
    FloatVector c10 = FloatVector.fromArray(F, tile, t1);
    FloatVector c11 = FloatVector.fromArray(F, tile, t1 + LANES);
    FloatVector c20 = FloatVector.fromArray(F, tile, t2);
    FloatVector c21 = FloatVector.fromArray(F, tile, t2 + LANES);
    FloatVector c30 = FloatVector.fromArray(F, tile, t3);
    FloatVector c31 = FloatVector.fromArray(F, tile, t3 + LANES);
    for (int i = start; i < end; i++) {
      long p = origin + (long) stride * (positions.get(i) & 0xFFFF);
      int q = first + (i - start) * outputs;
      FloatVector x0 = FloatVector.fromMemorySegment(F, panel, p, ORDER);
      FloatVector x1 = FloatVector.fromMemorySegment(F, panel, p + BYTES, ORDER);
      FloatVector v = FloatVector.broadcast(F, values.get(q));
      c00 = x0.fma(v, c00);
      c01 = x1.fma(v, c01);
      v = FloatVector.broadcast(F, values.get(q + 1));
      c10 = x0.fma(v, c10);
      c11 = x1.fma(v, c11);
      v = FloatVector.broadcast(F, values.get(q + 2));
      c20 = x0.fma(v, c20);
      c21 = x1.fma(v, c21);
      v = FloatVector.broadcast(F, values.get(q + 3));
      c30 = x0.fma(v, c30);
      c31 = x1.fma(v, c31);
    }
    c00.intoArray(tile, t);
    c01.intoArray(tile, t + LANES);
    c10.intoArray(tile, t1);
    c11.intoArray(tile, t1 + LANES);
    c20.intoArray(tile, t2);
    c21.intoArray(tile, t2 + LANES);
    c30.intoArray(tile, t3);
    c31.intoArray(tile, t3 + LANES);
  }

  private static void tile4x1(
      ShortBuffer positions,
      FloatBuffer values,
      int first,
      int outputs,
      int start,
      int end,
      MemorySegment panel,
      long origin,
      int stride,
      float[] tile,
      int t,
      int lanes) {
    int t1 = t + lanes;
    int t2 = t1 + lanes;
    int t3 = t2 + lanes;
    FloatVector c0 = FloatVector.fromArray(F, tile, t);
    FloatVector c1 = FloatVector.fromArray(F, tile, t1);
    FloatVector c2 = FloatVector.fromArray(F, tile, t2);
    FloatVector c3 = FloatVector.fromArray(F, tile, t3);
    for (int i = start; i < end; i++) {
      long p = origin + (long) stride * (positions.get(i) & 0xFFFF);
      int q = first + (i - start) * outputs;
      FloatVector x = FloatVector.fromMemorySegment(F, panel, p, ORDER);
      FloatVector v = FloatVector.broadcast(F, values.get(q));
      c0 = x.fma(v, c0);
      v = FloatVector.broadcast(F, values.get(q + 1));
      c1 = x.fma(v, c1);
      v = FloatVector.broadcast(F, values.get(q + 2));
      c2 = x.fma(v, c2);
      v = FloatVector.broadcast(F, values.get(q + 3));
      c3 = x.fma(v, c3);
    }
    c0.intoArray(tile, t);
    c1.intoArray(tile, t1);
    c2.intoArray(tile, t2);
    c3.intoArray(tile, t3);
  }

  /** One output at a time; every activation that is loaded is used once, as in csr. */
  private static void wide(
      StripArrays w, int span, MemorySegment panel, int lanes, float[] tile, int from, int to) {
    ShortBuffer positions = Views.shorts(w.positions());
    MemorySegment data = Views.segment(w.values().data());
    boolean f32 = w.values().type() == ValueType.F32;
    VectorUnpacked unpacked = VectorUnpacked.local();
    FloatBuffer values = f32 ? Views.floats(w.values().data()) : unpacked.floats();
    int inputs = w.shape().inputs();
    int base = StripArrays.base(span);
    for (int r = from; r < to; r++) {
      int start = w.start(r, span);
      int end = w.start(r, span + 1);
      if (!f32) {
        unpacked.run(w.values(), data, start * inputs, (end - start) * inputs);
      }
      int q = f32 ? start * inputs : 0;
      int t = (r - from) * lanes;
      for (int i = start; i < end; i++) {
        int k = base + (positions.get(i) & 0xFFFF);
        int count = Math.min(inputs, w.cols() - k);
        int l = 0;
        for (; l + 4 * LANES <= lanes; l += 4 * LANES) {
          row4(values, q, count, panel, 4L * ((long) k * lanes + l), 4 * lanes, tile, t + l);
        }
        for (; l < lanes; l += LANES) {
          row1(values, q, count, panel, 4L * ((long) k * lanes + l), 4 * lanes, tile, t + l);
        }
        q += inputs;
      }
    }
  }

  private static void row4(
      FloatBuffer values,
      int q,
      int count,
      MemorySegment panel,
      long origin,
      int stride,
      float[] tile,
      int t) {
    FloatVector a0 = FloatVector.fromArray(F, tile, t);
    FloatVector a1 = FloatVector.fromArray(F, tile, t + LANES);
    FloatVector a2 = FloatVector.fromArray(F, tile, t + 2 * LANES);
    FloatVector a3 = FloatVector.fromArray(F, tile, t + 3 * LANES);
    for (int j = 0; j < count; j++) {
      long p = origin + (long) stride * j;
      FloatVector v = FloatVector.broadcast(F, values.get(q + j));
      a0 = FloatVector.fromMemorySegment(F, panel, p, ORDER).fma(v, a0);
      a1 = FloatVector.fromMemorySegment(F, panel, p + BYTES, ORDER).fma(v, a1);
      a2 = FloatVector.fromMemorySegment(F, panel, p + 2 * BYTES, ORDER).fma(v, a2);
      a3 = FloatVector.fromMemorySegment(F, panel, p + 3 * BYTES, ORDER).fma(v, a3);
    }
    a0.intoArray(tile, t);
    a1.intoArray(tile, t + LANES);
    a2.intoArray(tile, t + 2 * LANES);
    a3.intoArray(tile, t + 3 * LANES);
  }

  private static void row1(
      FloatBuffer values,
      int q,
      int count,
      MemorySegment panel,
      long origin,
      int stride,
      float[] tile,
      int t) {
    FloatVector a = FloatVector.fromArray(F, tile, t);
    for (int j = 0; j < count; j++) {
      long p = origin + (long) stride * j;
      FloatVector v = FloatVector.broadcast(F, values.get(q + j));
      a = FloatVector.fromMemorySegment(F, panel, p, ORDER).fma(v, a);
    }
    a.intoArray(tile, t);
  }
}
