package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** The columns format in plain Java loops, see {@link PlainKernels}. */
final class PlainColumns implements ColumnsKernels {

  @Override
  public void gemv(
      ByteBuffer w,
      int rows,
      int[] active,
      int count,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    FloatBuffer wf = w.asFloatBuffer();
    FloatBuffer xf = x.asFloatBuffer();
    FloatBuffer yf = y.asFloatBuffer();
    for (int r = from; r < to; r++) {
      yf.put(yAt + r, bias(bias, r));
    }
    int i = 0;
    for (; i + 3 < count; i += 4) {
      int k0 = input(active, i);
      int k1 = input(active, i + 1);
      int k2 = input(active, i + 2);
      int k3 = input(active, i + 3);
      float x0 = xf.get(xAt + k0);
      float x1 = xf.get(xAt + k1);
      float x2 = xf.get(xAt + k2);
      float x3 = xf.get(xAt + k3);
      for (int r = from; r < to; r++) {
        float sum =
            (x0 * wf.get(k0 * rows + r) + x1 * wf.get(k1 * rows + r))
                + (x2 * wf.get(k2 * rows + r) + x3 * wf.get(k3 * rows + r));
        yf.put(yAt + r, yf.get(yAt + r) + sum);
      }
    }
    for (; i < count; i++) {
      int k = input(active, i);
      float xk = xf.get(xAt + k);
      for (int r = from; r < to; r++) {
        yf.put(yAt + r, yf.get(yAt + r) + xk * wf.get(k * rows + r));
      }
    }
  }

  @Override
  public void gemm4(
      ByteBuffer w,
      int rows,
      int cols,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    FloatBuffer wf = w.asFloatBuffer();
    FloatBuffer xf = x.asFloatBuffer();
    FloatBuffer yf = y.asFloatBuffer();
    for (int r = from; r < to; r++) {
      for (int i = 0; i < 4; i++) {
        yf.put(yAt + i * rows + r, bias(bias, r));
      }
    }
    for (int k = 0; k < cols; k++) {
      float x0 = xf.get(xAt + k);
      float x1 = xf.get(xAt + cols + k);
      float x2 = xf.get(xAt + 2 * cols + k);
      float x3 = xf.get(xAt + 3 * cols + k);
      for (int r = from; r < to; r++) {
        float v = wf.get(k * rows + r);
        int at = yAt + r;
        yf.put(at, yf.get(at) + x0 * v);
        yf.put(at + rows, yf.get(at + rows) + x1 * v);
        yf.put(at + 2 * rows, yf.get(at + 2 * rows) + x2 * v);
        yf.put(at + 3 * rows, yf.get(at + 3 * rows) + x3 * v);
      }
    }
  }

  private static int input(int[] active, int i) {
    return active == null ? i : active[i];
  }

  private static float bias(ByteBuffer bias, int r) {
    return bias == null ? 0 : bias.getFloat(4 * r);
  }
}
