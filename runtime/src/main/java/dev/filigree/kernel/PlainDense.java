package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** The dense format in plain Java loops, see {@link PlainKernels}. */
final class PlainDense implements DenseKernels {

  /** Inputs per pass over a panel, so that a pass stays in the second-level cache. */
  private static final int PANEL_BLOCK = 1024;

  @Override
  public void gemv(
      ByteBuffer w,
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
    for (int r = from; r < to; r++) {
      int row = r * cols;
      float s0 = 0;
      float s1 = 0;
      float s2 = 0;
      float s3 = 0;
      int k = 0;
      for (; k + 3 < cols; k += 4) {
        s0 += wf.get(row + k) * xf.get(xAt + k);
        s1 += wf.get(row + k + 1) * xf.get(xAt + k + 1);
        s2 += wf.get(row + k + 2) * xf.get(xAt + k + 2);
        s3 += wf.get(row + k + 3) * xf.get(xAt + k + 3);
      }
      for (; k < cols; k++) {
        s0 += wf.get(row + k) * xf.get(xAt + k);
      }
      y.putFloat(4 * (yAt + r), bias(bias, r) + ((s0 + s1) + (s2 + s3)));
    }
  }

  @Override
  public void panel(
      ByteBuffer w, int cols, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    FloatBuffer wf = w.asFloatBuffer();
    FloatBuffer pf = panel.asFloatBuffer();
    java.util.Arrays.fill(tile, 0, (to - from) * lanes, 0f);
    for (int k0 = 0; k0 < cols; k0 += PANEL_BLOCK) {
      int k1 = Math.min(cols, k0 + PANEL_BLOCK);
      for (int r = from; r < to; r++) {
        int at = (r - from) * lanes;
        int k = k0;
        for (; k + 3 < k1; k += 4) {
          float w0 = wf.get(r * cols + k);
          float w1 = wf.get(r * cols + k + 1);
          float w2 = wf.get(r * cols + k + 2);
          float w3 = wf.get(r * cols + k + 3);
          int p = k * lanes;
          for (int l = 0; l < lanes; l++) {
            tile[at + l] +=
                (w0 * pf.get(p + l) + w1 * pf.get(p + lanes + l))
                    + (w2 * pf.get(p + 2 * lanes + l) + w3 * pf.get(p + 3 * lanes + l));
          }
        }
        for (; k < k1; k++) {
          axpy(wf.get(r * cols + k), pf, k * lanes, tile, at, lanes);
        }
      }
    }
  }

  private static void axpy(
      float w, FloatBuffer panel, int panelAt, float[] tile, int tileAt, int lanes) {
    for (int l = 0; l < lanes; l++) {
      tile[tileAt + l] += w * panel.get(panelAt + l);
    }
  }

  private static float bias(ByteBuffer bias, int r) {
    return bias == null ? 0 : bias.getFloat(4 * r);
  }
}
