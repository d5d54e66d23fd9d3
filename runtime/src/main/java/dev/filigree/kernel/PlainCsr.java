package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;

/** The csr format in plain Java loops, see {@link PlainKernels}. */
final class PlainCsr implements CsrKernels {

  @Override
  public void gemv(
      CsrArrays w, float[] x, ByteBuffer bias, ByteBuffer y, int yAt, int from, int to) {
    IntBuffer pointers = w.pointers().asIntBuffer();
    ShortBuffer columns = w.columns().asShortBuffer();
    FloatBuffer values = w.values().asFloatBuffer();
    int blocks = w.blocks();
    // Blocks with the same base lie behind each other and are one run.
    int blocksPerRun = 65536 / Kernels.CSR_BLOCK;
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
  public void panel(CsrArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
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
