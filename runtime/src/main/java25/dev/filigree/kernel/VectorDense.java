package dev.filigree.kernel;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Row-major dense matrix: one output per pass, one class per type of weights. */
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
    for (int r = from; r < to; r++) {
      row(w, data, x, xAt, bias, y, yAt, r, sums);
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
    for (int i = from; i < to; i++) {
      row(w, data, x, xAt, bias, y, yAt, outputs[i], sums);
    }
  }

  /**
   * One row at a time: read in order, the weights are one long stream, which the processor fetches
   * ahead; several rows side by side are many short ones (measured on cold weights: half the speed
   * for int8 rows of 1280).
   */
  private static void row(
      DenseArrays w,
      MemorySegment data,
      MemorySegment x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int r,
      float[] sums) {
    int cols = w.cols();
    float sum =
        switch (w.values().type()) {
          case F32 -> VectorDenseF32.row(data, r, cols, x, xAt, sums);
          case BF16 -> VectorDenseBf16.row(data, r, cols, x, xAt, sums);
          case INT8 ->
              VectorDenseInt8.row(data, r, cols, x, xAt, sums)
                  * w.values().scales().getFloat(4 * r);
        };
    y.putFloat(4 * (yAt + r), bias == null ? sum : sum + bias.getFloat(4 * r));
  }

  @Override
  public void panel(DenseArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    VectorDensePanel.multiply(w, panel, lanes, tile, from, to);
  }
}
