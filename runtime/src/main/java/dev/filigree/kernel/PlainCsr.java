package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;

/** The csr format in plain Java loops, see {@link PlainKernels}. */
final class PlainCsr implements CsrKernels {
  private static final int BLOCK = Kernels.CSR_BLOCK;

  @Override
  public void gemv(
      CsrArrays w, float[] x, ByteBuffer bias, ByteBuffer y, int yAt, int from, int to) {
    IntBuffer pointers = Views.ints(w.pointers());
    ShortBuffer columns = Views.shorts(w.columns());
    int blocks = w.blocks();
    float[] values = PlainScratch.local().values();
    // Blocks with the same base lie behind each other and are one run.
    int blocksPerRun = 65536 / BLOCK;
    for (int r = from; r < to; r++) {
      float sum = 0;
      for (int b = 0; b < blocks; b += blocksPerRun) {
        int end = pointers.get(r * blocks + Math.min(blocks, b + blocksPerRun));
        for (int i = pointers.get(r * blocks + b); i < end; i += BLOCK) {
          int count = Math.min(BLOCK, end - i);
          PlainValues.read(w.values(), i, count, values);
          sum += dot(values, columns, i, count, x, CsrArrays.base(b));
        }
      }
      y.putFloat(4 * (yAt + r), bias(bias, r) + PlainValues.scale(w.values(), r) * sum);
    }
  }

  private static float dot(
      float[] values, ShortBuffer columns, int at, int count, float[] x, int base) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int i = 0;
    for (; i + 3 < count; i += 4) {
      s0 += values[i] * x[base + (columns.get(at + i) & 0xFFFF)];
      s1 += values[i + 1] * x[base + (columns.get(at + i + 1) & 0xFFFF)];
      s2 += values[i + 2] * x[base + (columns.get(at + i + 2) & 0xFFFF)];
      s3 += values[i + 3] * x[base + (columns.get(at + i + 3) & 0xFFFF)];
    }
    for (; i < count; i++) {
      s0 += values[i] * x[base + (columns.get(at + i) & 0xFFFF)];
    }
    return (s0 + s1) + (s2 + s3);
  }

  @Override
  public void panel(CsrArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    IntBuffer pointers = Views.ints(w.pointers());
    ShortBuffer columns = Views.shorts(w.columns());
    float[] values = PlainScratch.local().values();
    FloatBuffer pf = Views.floats(panel);
    int blocks = w.blocks();
    java.util.Arrays.fill(tile, 0, (to - from) * lanes, 0f);
    for (int b = 0; b < blocks; b++) {
      int base = CsrArrays.base(b);
      for (int r = from; r < to; r++) {
        int start = pointers.get(r * blocks + b);
        int count = pointers.get(r * blocks + b + 1) - start;
        PlainValues.read(w.values(), start, count, values);
        float scale = PlainValues.scale(w.values(), r);
        for (int i = 0; i < count; i++) {
          int k = base + (columns.get(start + i) & 0xFFFF);
          axpy(scale * values[i], pf, k * lanes, tile, (r - from) * lanes, lanes);
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
