package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;

/**
 * Plain Java loops for every JDK from 17 on: float sums in four or more independent chains (so the
 * processor need not wait for one addition before the next), no vector API.
 */
final class PlainKernels implements Kernels {

  /** Inputs per pass over a panel, so that a pass stays in the second-level cache. */
  private static final int PANEL_BLOCK = 1024;

  @Override
  public String name() {
    return "plain Java loops";
  }

  @Override
  public void denseGemv(
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
  public void densePanel(
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

  @Override
  public void columnsGemv(
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
  public void columnsGemm4(
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

  @Override
  public void bitmapGemv(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    bitmap(w, x, 0, bias, y, yAt, from, to);
  }

  @Override
  public void bitmapGemm4(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int i = 0; i < 4; i++) {
      bitmap(w, x, i * w.cols(), bias, y, yAt + i * w.rows(), from, to);
    }
  }

  private static void bitmap(
      BitmapArrays w,
      float[] x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    ShortBuffer masks = w.masks().asShortBuffer();
    FloatBuffer values = w.values().asFloatBuffer();
    int cols = w.cols();
    float[] sums = new float[STRIP];
    for (int r0 = from; r0 < to; r0 += STRIP) {
      int strip = r0 / STRIP;
      int next = w.starts().getInt(4 * strip);
      java.util.Arrays.fill(sums, 0f);
      for (int k = 0; k < cols; k++) {
        float xk = x[xAt + k];
        for (int mask = masks.get(strip * cols + k) & 0xFFFF; mask != 0; mask &= mask - 1) {
          sums[Integer.numberOfTrailingZeros(mask) & (STRIP - 1)] += values.get(next++) * xk;
        }
      }
      for (int r = r0; r < Math.min(to, r0 + STRIP); r++) {
        y.putFloat(4 * (yAt + r), bias(bias, r) + sums[r - r0]);
      }
    }
  }

  @Override
  public void csrGemv(
      CsrArrays w, float[] x, ByteBuffer bias, ByteBuffer y, int yAt, int from, int to) {
    IntBuffer pointers = w.pointers().asIntBuffer();
    ShortBuffer columns = w.columns().asShortBuffer();
    FloatBuffer values = w.values().asFloatBuffer();
    int blocks = w.blocks();
    // Blocks with the same base lie behind each other and are one run.
    int blocksPerRun = 65536 / CSR_BLOCK;
    for (int r = from; r < to; r++) {
      float s0 = 0;
      float s1 = 0;
      float s2 = 0;
      float s3 = 0;
      for (int b = 0; b < blocks; b += blocksPerRun) {
        int base = CsrArrays.base(b);
        int i = pointers.get(r * blocks + b);
        int end = pointers.get(r * blocks + Math.min(blocks, b + blocksPerRun));
        for (; i + 3 < end; i += 4) {
          s0 += values.get(i) * x[base + (columns.get(i) & 0xFFFF)];
          s1 += values.get(i + 1) * x[base + (columns.get(i + 1) & 0xFFFF)];
          s2 += values.get(i + 2) * x[base + (columns.get(i + 2) & 0xFFFF)];
          s3 += values.get(i + 3) * x[base + (columns.get(i + 3) & 0xFFFF)];
        }
        for (; i < end; i++) {
          s0 += values.get(i) * x[base + (columns.get(i) & 0xFFFF)];
        }
      }
      y.putFloat(4 * (yAt + r), bias(bias, r) + ((s0 + s1) + (s2 + s3)));
    }
  }

  @Override
  public void csrPanel(CsrArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    IntBuffer pointers = w.pointers().asIntBuffer();
    ShortBuffer columns = w.columns().asShortBuffer();
    FloatBuffer values = w.values().asFloatBuffer();
    FloatBuffer pf = panel.asFloatBuffer();
    int blocks = w.blocks();
    java.util.Arrays.fill(tile, 0, (to - from) * lanes, 0f);
    for (int b = 0; b < blocks; b++) {
      int base = CsrArrays.base(b);
      for (int r = from; r < to; r++) {
        int end = pointers.get(r * blocks + b + 1);
        for (int i = pointers.get(r * blocks + b); i < end; i++) {
          int k = base + (columns.get(i) & 0xFFFF);
          axpy(values.get(i), pf, k * lanes, tile, (r - from) * lanes, lanes);
        }
      }
    }
  }

  @Override
  public void sellGemv(
      SellArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    IntBuffer starts = w.starts().asIntBuffer();
    FloatBuffer values = w.values().asFloatBuffer();
    ByteBuffer inputs = w.inputs();
    int windows = w.windows();
    float[] sums = new float[STRIP];
    for (int r0 = from; r0 < to; r0 += STRIP) {
      int block = r0 / STRIP * windows;
      java.util.Arrays.fill(sums, 0f);
      for (int v = 0; v < windows; v++) {
        int base = v * WINDOW;
        int end = starts.get(block + v + 1) * STRIP;
        for (int slot = starts.get(block + v) * STRIP; slot < end; slot++) {
          float value = values.get(slot);
          // Padding does not multiply; where all inputs are finite it does no harm.
          if (finite || value != 0f) {
            sums[slot % STRIP] += value * x[base + inputs.get(slot)];
          }
        }
      }
      for (int r = r0; r < Math.min(to, r0 + STRIP); r++) {
        y.putFloat(4 * (yAt + r), bias(bias, r) + sums[r - r0]);
      }
    }
  }

  private static void axpy(
      float w, FloatBuffer panel, int panelAt, float[] tile, int tileAt, int lanes) {
    for (int l = 0; l < lanes; l++) {
      tile[tileAt + l] += w * panel.get(panelAt + l);
    }
  }

  private static int input(int[] active, int i) {
    return active == null ? i : active[i];
  }

  private static float bias(ByteBuffer bias, int r) {
    return bias == null ? 0 : bias.getFloat(4 * r);
  }
}
