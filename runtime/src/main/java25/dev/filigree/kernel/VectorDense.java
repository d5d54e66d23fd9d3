package dev.filigree.kernel;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Row-major dense matrix, one class per type of weights. Four rows side by side share what they
 * read of the inputs. They are a quarter of the range apart, so that each of the four goes on where
 * its last one ended: long streams, which the processor fetches ahead. Neighbouring rows would be
 * many short ones (measured on cold weights: half the speed for int8 rows of 1280).
 */
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
    VectorUnpacked local = VectorUnpacked.local();
    MemorySegment pairs = pairs(w, x, xAt, local);
    float[] sums = local.sums();
    float[] out = local.outputs();
    int[] four = local.rows();
    int apart = (to - from) / 4;
    for (int r = from; r < from + apart; r++) {
      for (int i = 0; i < 4; i++) {
        four[i] = r + i * apart;
      }
      rows4(w, data, four, x, xAt, pairs, sums, out);
      for (int i = 0; i < 4; i++) {
        put(w, out[i], bias, y, yAt, four[i]);
      }
    }
    for (int r = from + 4 * apart; r < to; r++) {
      put(w, row(w, data, r, x, xAt, pairs, sums), bias, y, yAt, r);
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
    VectorUnpacked local = VectorUnpacked.local();
    MemorySegment pairs = pairs(w, x, xAt, local);
    float[] sums = local.sums();
    float[] out = local.outputs();
    int[] four = local.rows();
    int apart = (to - from) / 4;
    for (int i = from; i < from + apart; i++) {
      for (int j = 0; j < 4; j++) {
        four[j] = outputs[i + j * apart];
      }
      rows4(w, data, four, x, xAt, pairs, sums, out);
      for (int j = 0; j < 4; j++) {
        put(w, out[j], bias, y, yAt, four[j]);
      }
    }
    for (int i = from + 4 * apart; i < to; i++) {
      put(w, row(w, data, outputs[i], x, xAt, pairs, sums), bias, y, yAt, outputs[i]);
    }
  }

  /** The inputs as rows of bfloat16 meet them, or null for the other types. */
  private static MemorySegment pairs(
      DenseArrays w, MemorySegment x, int xAt, VectorUnpacked local) {
    if (w.values().type() != ValueType.BF16) {
      return null;
    }
    MemorySegment pairs = local.inputs(w.cols());
    VectorPairs.split(x, 4L * xAt, w.cols(), pairs);
    return pairs;
  }

  private static float row(
      DenseArrays w,
      MemorySegment data,
      int r,
      MemorySegment x,
      int xAt,
      MemorySegment pairs,
      float[] sums) {
    return switch (w.values().type()) {
      case F32 -> VectorDenseF32.row(data, r, w.cols(), x, xAt, sums);
      case BF16 -> VectorDenseBf16.row(data, r, w.cols(), x, xAt, pairs, sums);
      case INT8 -> VectorDenseInt8.row(data, r, w.cols(), x, xAt, sums);
    };
  }

  private static void rows4(
      DenseArrays w,
      MemorySegment data,
      int[] rows,
      MemorySegment x,
      int xAt,
      MemorySegment pairs,
      float[] sums,
      float[] out) {
    switch (w.values().type()) {
      case F32 -> VectorDenseF32.rows4(data, rows, w.cols(), x, xAt, sums, out);
      case BF16 -> VectorDenseBf16.rows4(data, rows, w.cols(), x, xAt, pairs, sums, out);
      case INT8 -> VectorDenseInt8.rows4(data, rows, w.cols(), x, xAt, sums, out);
    }
  }

  private static void put(DenseArrays w, float sum, ByteBuffer bias, ByteBuffer y, int yAt, int r) {
    float scaled =
        w.values().type() == ValueType.INT8 ? sum * w.values().scales().getFloat(4 * r) : sum;
    y.putFloat(4 * (yAt + r), bias == null ? scaled : scaled + bias.getFloat(4 * r));
  }

  @Override
  public void panel(DenseArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    VectorDensePanel.multiply(w, panel, lanes, tile, from, to);
  }
}
