package dev.filigree.kernel;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Row-major dense matrix: four outputs per pass, one class per type of weights. */
final class VectorDense implements DenseKernels {

  @Override
  public void gemv(
      DenseArrays w,
      ByteBuffer xb,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    MemorySegment data = Views.segment(w.values().data());
    MemorySegment x = Views.segment(xb);
    float[] sums = VectorUnpacked.local().sums();
    for (int r = from; r < to; r += 4) {
      // Past the end the last row is computed again, so every row sees the same arithmetic.
      int r1 = Math.min(r + 1, to - 1);
      int r2 = Math.min(r + 2, to - 1);
      int r3 = Math.min(r + 3, to - 1);
      rows4(w, data, x, xAt, bias, y, yAt, r, r1, r2, r3, sums);
    }
  }

  @Override
  public void rows(
      DenseArrays w,
      int[] outputs,
      ByteBuffer xb,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    MemorySegment data = Views.segment(w.values().data());
    MemorySegment x = Views.segment(xb);
    float[] sums = VectorUnpacked.local().sums();
    for (int i = from; i < to; i += 4) {
      int r0 = outputs[i];
      int r1 = outputs[Math.min(i + 1, to - 1)];
      int r2 = outputs[Math.min(i + 2, to - 1)];
      int r3 = outputs[Math.min(i + 3, to - 1)];
      rows4(w, data, x, xAt, bias, y, yAt, r0, r1, r2, r3, sums);
    }
  }

  private static void rows4(
      DenseArrays w,
      MemorySegment data,
      MemorySegment x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int r0,
      int r1,
      int r2,
      int r3,
      float[] sums) {
    int cols = w.cols();
    switch (w.values().type()) {
      case F32 -> VectorDenseF32.rows4(data, cols, x, xAt, bias, y, yAt, r0, r1, r2, r3, sums);
      case BF16 -> VectorDenseBf16.rows4(data, cols, x, xAt, bias, y, yAt, r0, r1, r2, r3, sums);
      case INT8 -> {
        ByteBuffer scales = w.values().scales();
        VectorDenseInt8.rows4(data, scales, cols, x, xAt, bias, y, yAt, r0, r1, r2, r3, sums);
      }
    }
  }

  @Override
  public void panel(DenseArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    VectorDensePanel.multiply(w, panel, lanes, tile, from, to);
  }

  static void store(float sum, ByteBuffer bias, ByteBuffer y, int yAt, int r) {
    y.putFloat(4 * (yAt + r), bias == null ? sum : sum + bias.getFloat(4 * r));
  }
}
