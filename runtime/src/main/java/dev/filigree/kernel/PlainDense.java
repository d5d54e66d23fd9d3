package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** The dense format in plain Java loops, see {@link PlainKernels}. */
final class PlainDense implements DenseKernels {

  /** Inputs per pass over a panel, so that a pass stays in the second-level cache. */
  private static final int PANEL_BLOCK = 1024;

  @Override
  public void gemv(
      DenseArrays w,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int r = from; r < to; r++) {
      y.putFloat(4 * (yAt + r), PlainLoops.bias(bias, r) + dot(w, r, x, xAt));
    }
  }

  @Override
  public void rows(
      DenseArrays w,
      int[] outputs,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int i = from; i < to; i++) {
      int r = outputs[i];
      y.putFloat(4 * (yAt + r), PlainLoops.bias(bias, r) + dot(w, r, x, xAt));
    }
  }

  private static float dot(DenseArrays w, int r, ByteBuffer x, int xAt) {
    int cols = w.cols();
    FloatBuffer xf = Views.floats(x);
    Values values = w.values();
    return switch (values.type()) {
      case F32 -> dot(Views.floats(values.data()), r * cols, xf, xAt, cols);
      case BF16 -> dot(Views.shorts(values.data()), r * cols, xf, xAt, cols);
      case INT8 -> values.scales().getFloat(4 * r) * dot(values.data(), r * cols, xf, xAt, cols);
    };
  }

  private static float dot(FloatBuffer w, int at, FloatBuffer x, int xAt, int cols) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int k = 0;
    for (; k + 3 < cols; k += 4) {
      s0 += w.get(at + k) * x.get(xAt + k);
      s1 += w.get(at + k + 1) * x.get(xAt + k + 1);
      s2 += w.get(at + k + 2) * x.get(xAt + k + 2);
      s3 += w.get(at + k + 3) * x.get(xAt + k + 3);
    }
    for (; k < cols; k++) {
      s0 += w.get(at + k) * x.get(xAt + k);
    }
    return (s0 + s1) + (s2 + s3);
  }

  private static float dot(ShortBuffer w, int at, FloatBuffer x, int xAt, int cols) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int k = 0;
    for (; k + 3 < cols; k += 4) {
      s0 += Bf16.toFloat(w.get(at + k)) * x.get(xAt + k);
      s1 += Bf16.toFloat(w.get(at + k + 1)) * x.get(xAt + k + 1);
      s2 += Bf16.toFloat(w.get(at + k + 2)) * x.get(xAt + k + 2);
      s3 += Bf16.toFloat(w.get(at + k + 3)) * x.get(xAt + k + 3);
    }
    for (; k < cols; k++) {
      s0 += Bf16.toFloat(w.get(at + k)) * x.get(xAt + k);
    }
    return (s0 + s1) + (s2 + s3);
  }

  private static float dot(ByteBuffer w, int at, FloatBuffer x, int xAt, int cols) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int k = 0;
    for (; k + 3 < cols; k += 4) {
      s0 += w.get(at + k) * x.get(xAt + k);
      s1 += w.get(at + k + 1) * x.get(xAt + k + 1);
      s2 += w.get(at + k + 2) * x.get(xAt + k + 2);
      s3 += w.get(at + k + 3) * x.get(xAt + k + 3);
    }
    for (; k < cols; k++) {
      s0 += w.get(at + k) * x.get(xAt + k);
    }
    return (s0 + s1) + (s2 + s3);
  }

  @Override
  public void panel(DenseArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    Values values = w.values();
    FloatBuffer pf = Views.floats(panel);
    int cols = w.cols();
    java.util.Arrays.fill(tile, 0, (to - from) * lanes, 0f);
    for (int k0 = 0; k0 < cols; k0 += PANEL_BLOCK) {
      int k1 = Math.min(cols, k0 + PANEL_BLOCK);
      for (int r = from; r < to; r++) {
        int at = (r - from) * lanes;
        int k = k0;
        for (; k + 3 < k1; k += 4) {
          int i = r * cols + k;
          PlainLoops.axpy4(
              values.get(i, r),
              values.get(i + 1, r),
              values.get(i + 2, r),
              values.get(i + 3, r),
              pf,
              k * lanes,
              tile,
              at,
              lanes);
        }
        for (; k < k1; k++) {
          PlainLoops.axpy(values.get(r * cols + k, r), pf, k * lanes, tile, at, lanes);
        }
      }
    }
  }
}
