package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** The columns format in plain Java loops, see {@link PlainKernels}. */
final class PlainColumns implements ColumnsKernels {

  @Override
  public void gemv(
      ColumnsArrays w,
      int[] active,
      int first,
      int count,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    FloatBuffer yf = Views.floats(y);
    for (int r = from; r < to; r++) {
      yf.put(yAt + r, PlainLoops.bias(bias, r));
    }
    Values values = w.values();
    int rows = w.rows();
    int i = first;
    int end = first + count;
    if (values.type() == ValueType.F32) {
      FloatBuffer wf = Views.floats(values.data());
      for (; i + 3 < end; i += 4) {
        rows4(wf, rows, active, i, x, xAt, yf, yAt, from, to);
      }
    }
    for (; i < end; i++) {
      int k = input(active, i);
      float xk = x.getFloat(4 * (xAt + k));
      switch (values.type()) {
        case F32 -> row(Views.floats(values.data()), k * rows, xk, yf, yAt, from, to);
        case BF16 -> row(Views.shorts(values.data()), k * rows, xk, yf, yAt, from, to);
        case INT8 ->
            row(values.data(), k * rows, xk * values.scales().getFloat(4 * k), yf, yAt, from, to);
      }
    }
  }

  private static void rows4(
      FloatBuffer w,
      int rows,
      int[] active,
      int i,
      ByteBuffer x,
      int xAt,
      FloatBuffer y,
      int yAt,
      int from,
      int to) {
    int k0 = input(active, i);
    int k1 = input(active, i + 1);
    int k2 = input(active, i + 2);
    int k3 = input(active, i + 3);
    float x0 = x.getFloat(4 * (xAt + k0));
    float x1 = x.getFloat(4 * (xAt + k1));
    float x2 = x.getFloat(4 * (xAt + k2));
    float x3 = x.getFloat(4 * (xAt + k3));
    for (int r = from; r < to; r++) {
      float sum =
          (x0 * w.get(k0 * rows + r) + x1 * w.get(k1 * rows + r))
              + (x2 * w.get(k2 * rows + r) + x3 * w.get(k3 * rows + r));
      y.put(yAt + r, y.get(yAt + r) + sum);
    }
  }

  private static void row(
      FloatBuffer w, int at, float xk, FloatBuffer y, int yAt, int from, int to) {
    for (int r = from; r < to; r++) {
      y.put(yAt + r, y.get(yAt + r) + xk * w.get(at + r));
    }
  }

  private static void row(
      ShortBuffer w, int at, float xk, FloatBuffer y, int yAt, int from, int to) {
    for (int r = from; r < to; r++) {
      y.put(yAt + r, y.get(yAt + r) + xk * Bf16.toFloat(w.get(at + r)));
    }
  }

  private static void row(
      ByteBuffer w, int at, float xk, FloatBuffer y, int yAt, int from, int to) {
    for (int r = from; r < to; r++) {
      y.put(yAt + r, y.get(yAt + r) + xk * w.get(at + r));
    }
  }

  @Override
  public void gemm4(
      ColumnsArrays w,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    Values values = w.values();
    int rows = w.rows();
    int cols = w.cols();
    FloatBuffer xf = Views.floats(x);
    FloatBuffer yf = Views.floats(y);
    for (int r = from; r < to; r++) {
      for (int i = 0; i < 4; i++) {
        yf.put(yAt + i * rows + r, PlainLoops.bias(bias, r));
      }
    }
    for (int k = 0; k < cols; k++) {
      float x0 = xf.get(xAt + k);
      float x1 = xf.get(xAt + cols + k);
      float x2 = xf.get(xAt + 2 * cols + k);
      float x3 = xf.get(xAt + 3 * cols + k);
      for (int r = from; r < to; r++) {
        float v = values.get(k * rows + r, k);
        int at = yAt + r;
        yf.put(at, yf.get(at) + x0 * v);
        yf.put(at + rows, yf.get(at + rows) + x1 * v);
        yf.put(at + 2 * rows, yf.get(at + 2 * rows) + x2 * v);
        yf.put(at + 3 * rows, yf.get(at + 3 * rows) + x3 * v);
      }
    }
  }

  @Override
  public void add(
      ByteBuffer sums,
      int sumsAt,
      int groups,
      int stride,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    FloatBuffer sf = Views.floats(sums);
    FloatBuffer yf = Views.floats(y);
    for (int r = from; r < to; r++) {
      float sum = PlainLoops.bias(bias, r);
      for (int g = 0; g < groups; g++) {
        sum += sf.get(sumsAt + g * stride + r);
      }
      yf.put(yAt + r, sum);
    }
  }

  @Override
  public void panel(ColumnsArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    Values values = w.values();
    FloatBuffer pf = Views.floats(panel);
    int rows = w.rows();
    int cols = w.cols();
    java.util.Arrays.fill(tile, 0, (to - from) * lanes, 0f);
    int k = 0;
    for (; k + 3 < cols; k += 4) {
      for (int r = from; r < to; r++) {
        PlainLoops.axpy4(
            values.get(k * rows + r, k),
            values.get((k + 1) * rows + r, k + 1),
            values.get((k + 2) * rows + r, k + 2),
            values.get((k + 3) * rows + r, k + 3),
            pf,
            k * lanes,
            tile,
            (r - from) * lanes,
            lanes);
      }
    }
    for (; k < cols; k++) {
      for (int r = from; r < to; r++) {
        PlainLoops.axpy(
            values.get(k * rows + r, k), pf, k * lanes, tile, (r - from) * lanes, lanes);
      }
    }
  }

  private static int input(int[] active, int i) {
    return active == null ? i : active[i];
  }
}
