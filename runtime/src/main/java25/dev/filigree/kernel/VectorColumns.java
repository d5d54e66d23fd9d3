package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import jdk.incubator.vector.FloatVector;

/** Dense matrix stored by inputs, one class per type of weights. */
final class VectorColumns implements ColumnsKernels {

  /** Four or eight active rows per pass: long contiguous reads and little traffic to y. */
  @Override
  public void gemv(
      ColumnsArrays w,
      int[] active,
      int first,
      int count,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer yb,
      int yAt,
      int from,
      int to) {
    Values values = w.values();
    MemorySegment data = Views.segment(values.data());
    MemorySegment y = Views.segment(yb);
    int end = first + count;
    switch (values.type()) {
      case F32 -> {
        start(bias, y, yAt, from, to);
        f32(data, w.rows(), active, first, end, x, xAt, y, yAt, from, to);
      }
      case BF16 -> {
        start(null, y, yAt, from, to);
        bf16(data, w.rows(), active, first, end, x, xAt, y, yAt, from, to);
        VectorColumnsBf16.inOrder(bias, y, yAt, from, to);
      }
      case INT8 -> {
        start(bias, y, yAt, from, to);
        int8(data, values.scales(), w.rows(), active, first, end, x, xAt, y, yAt, from, to);
      }
    }
  }

  private static void f32(
      MemorySegment w,
      int rows,
      int[] active,
      int first,
      int end,
      ByteBuffer x,
      int xAt,
      MemorySegment y,
      int yAt,
      int from,
      int to) {
    int i = first;
    for (; i + 8 <= end; i += 8) {
      VectorColumnsF32.rows8(w, rows, active, i, x, xAt, y, yAt, from, to);
    }
    for (; i < end; i++) {
      VectorColumnsF32.row(w, rows, input(active, i), x, xAt, y, yAt, from, to);
    }
  }

  private static void bf16(
      MemorySegment w,
      int rows,
      int[] active,
      int first,
      int end,
      ByteBuffer x,
      int xAt,
      MemorySegment y,
      int yAt,
      int from,
      int to) {
    int i = first;
    float[] inputs = VectorUnpacked.local().sums();
    for (; i + 4 <= end; i += 4) {
      for (int j = 0; j < 4; j++) {
        inputs[j] = x.getFloat(4 * (xAt + input(active, i + j)));
      }
      VectorColumnsBf16.rows4(w, rows, active, i, inputs, y, yAt, from, to);
    }
    for (; i < end; i++) {
      VectorColumnsBf16.row(w, rows, input(active, i), x, xAt, y, yAt, from, to);
    }
  }

  private static void int8(
      MemorySegment w,
      ByteBuffer scales,
      int rows,
      int[] active,
      int first,
      int end,
      ByteBuffer x,
      int xAt,
      MemorySegment y,
      int yAt,
      int from,
      int to) {
    int i = first;
    float[] scaled = VectorUnpacked.local().sums();
    for (; i + 8 <= end; i += 8) {
      for (int j = 0; j < 8; j++) {
        int k = input(active, i + j);
        scaled[j] = x.getFloat(4 * (xAt + k)) * scales.getFloat(4 * k);
      }
      VectorColumnsInt8.rows8(w, rows, active, i, scaled, y, yAt, from, to);
    }
    for (; i < end; i++) {
      VectorColumnsInt8.row(w, scales, rows, input(active, i), x, xAt, y, yAt, from, to);
    }
  }

  /** Tiles of four activation rows by two vectors of outputs stay in registers over all inputs. */
  @Override
  public void gemm4(
      ColumnsArrays w,
      ByteBuffer xb,
      int xAt,
      ByteBuffer bias,
      ByteBuffer yb,
      int yAt,
      int from,
      int to) {
    MemorySegment data = Views.segment(w.values().data());
    FloatBuffer x = Views.floats(xb);
    MemorySegment y = Views.segment(yb);
    for (int i = 0; i < 4; i++) {
      start(bias, y, yAt + i * w.rows(), from, to);
    }
    // A tile of outputs is as narrow as a cache line or two; a block of inputs keeps the pages of W
    // it touches within the reach of the address translation cache.
    int block = 256;
    for (int k0 = 0; k0 < w.cols(); k0 += block) {
      int k1 = Math.min(w.cols(), k0 + block);
      int r = from;
      for (; r + 2 * LANES <= to; r += 2 * LANES) {
        tile(w, data, x, xAt, y, 4L * (yAt + (long) r), r, k0, k1);
      }
      for (; r < to; r++) {
        column(w, data, x, xAt, y, 4L * (yAt + (long) r), r, k0, k1);
      }
    }
  }

  private static void tile(
      ColumnsArrays w,
      MemorySegment data,
      FloatBuffer x,
      int xAt,
      MemorySegment y,
      long y0,
      int r,
      int k0,
      int k1) {
    int rows = w.rows();
    int cols = w.cols();
    switch (w.values().type()) {
      case F32 -> VectorColumnsF32.tile4x2(data, rows, cols, x, xAt, y, y0, r, k0, k1);
      case BF16 -> VectorColumnsBf16.tile4x2(data, rows, cols, x, xAt, y, y0, r, k0, k1);
      case INT8 -> {
        ByteBuffer scales = w.values().scales();
        VectorColumnsInt8.tile4x2(data, scales, rows, cols, x, xAt, y, y0, r, k0, k1);
      }
    }
  }

  private static void column(
      ColumnsArrays w,
      MemorySegment data,
      FloatBuffer x,
      int xAt,
      MemorySegment y,
      long y0,
      int r,
      int k0,
      int k1) {
    int rows = w.rows();
    int cols = w.cols();
    switch (w.values().type()) {
      case F32 -> VectorColumnsF32.column4(data, rows, cols, x, xAt, y, y0, r, k0, k1);
      case BF16 -> VectorColumnsBf16.column4(data, rows, cols, x, xAt, y, y0, r, k0, k1);
      case INT8 -> {
        ByteBuffer scales = w.values().scales();
        VectorColumnsInt8.column4(data, scales, rows, cols, x, xAt, y, y0, r, k0, k1);
      }
    }
  }

  @Override
  public void panel(ColumnsArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    VectorColumnsPanel.multiply(w, panel, lanes, tile, from, to);
  }

  @Override
  public void add(
      ByteBuffer sums,
      int sumsAt,
      int groups,
      int stride,
      ByteBuffer bias,
      ByteBuffer yb,
      int yAt,
      int from,
      int to) {
    MemorySegment y = Views.segment(yb);
    MemorySegment s = Views.segment(sums);
    start(bias, y, yAt, from, to);
    int r = from;
    for (; r + LANES <= to; r += LANES) {
      long at = 4L * (yAt + (long) r);
      FloatVector sum = FloatVector.fromMemorySegment(F, y, at, ORDER);
      for (int g = 0; g < groups; g++) {
        sum = sum.add(VectorLoads.f32(s, 4L * (sumsAt + (long) g * stride + r)));
      }
      sum.intoMemorySegment(y, at, ORDER);
    }
    for (; r < to; r++) {
      long at = 4L * (yAt + (long) r);
      float sum = y.get(JAVA_FLOAT_UNALIGNED, at);
      for (int g = 0; g < groups; g++) {
        sum += s.get(JAVA_FLOAT_UNALIGNED, 4L * (sumsAt + (long) g * stride + r));
      }
      y.set(JAVA_FLOAT_UNALIGNED, at, sum);
    }
  }

  private static void start(ByteBuffer bias, MemorySegment y, int yAt, int from, int to) {
    long at = 4L * (yAt + (long) from);
    if (bias == null) {
      VectorLoads.zero(y, at, to - from);
    } else {
      MemorySegment.copy(Views.segment(bias), 4L * from, y, at, 4L * (to - from));
    }
  }

  static int input(int[] active, int i) {
    return active == null ? i : active[i];
  }
}
