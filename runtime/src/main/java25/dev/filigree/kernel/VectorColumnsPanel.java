package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.BYTES;
import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import jdk.incubator.vector.FloatVector;

/**
 * Dense matrix stored by inputs by a panel of activation rows: lanes are outputs. A block of
 * weights is copied out as floats, because stored rows a power of two apart share few lines of the
 * cache; tiles of two vectors of outputs by four activation rows stay in registers over the block.
 */
final class VectorColumnsPanel {

  /** Inputs per pass: 256 x 64 outputs and 256 x 64 activations stay in the second-level cache. */
  private static final int BLOCK = 256;

  private static final int OUTPUTS = VectorUnpacked.OUTPUTS;

  /** Sums [lanes][outputs] of one thread. */
  private static final ThreadLocal<float[]> SUMS =
      ThreadLocal.withInitial(() -> new float[Kernels.MAX_PANEL_LANES * OUTPUTS]);

  private VectorColumnsPanel() {}

  static void multiply(
      ColumnsArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    FloatBuffer p = Views.floats(panel);
    float[] sums = SUMS.get();
    for (int r0 = from; r0 < to; r0 += OUTPUTS) {
      int r1 = Math.min(to, r0 + OUTPUTS);
      java.util.Arrays.fill(sums, 0, lanes * OUTPUTS, 0f);
      for (int k0 = 0; k0 < w.cols(); k0 += BLOCK) {
        int k1 = Math.min(w.cols(), k0 + BLOCK);
        MemorySegment weights = VectorUnpacked.columns(w, r0, r1, k0, k1);
        for (int r = 0; r < r1 - r0; r += 2 * LANES) {
          for (int l = 0; l < lanes; l += 4) {
            tile2x4(weights, r, p, k0 * lanes + l, lanes, sums, l * OUTPUTS + r, k1 - k0);
          }
        }
      }
      for (int r = r0; r < r1; r++) {
        for (int l = 0; l < lanes; l++) {
          tile[(r - from) * lanes + l] = sums[l * OUTPUTS + r - r0];
        }
      }
    }
  }

  private static void tile2x4(
      MemorySegment w,
      int r,
      FloatBuffer p,
      int panelAt,
      int lanes,
      float[] sums,
      int s0,
      int count) {
    int s1 = s0 + OUTPUTS;
    int s2 = s1 + OUTPUTS;
    int s3 = s2 + OUTPUTS;
    FloatVector a0 = FloatVector.fromArray(F, sums, s0);
    FloatVector b0 = FloatVector.fromArray(F, sums, s0 + LANES);
    FloatVector a1 = FloatVector.fromArray(F, sums, s1);
    FloatVector b1 = FloatVector.fromArray(F, sums, s1 + LANES);
    FloatVector a2 = FloatVector.fromArray(F, sums, s2);
    FloatVector b2 = FloatVector.fromArray(F, sums, s2 + LANES);
    FloatVector a3 = FloatVector.fromArray(F, sums, s3);
    FloatVector b3 = FloatVector.fromArray(F, sums, s3 + LANES);
    for (int k = 0; k < count; k++) {
      long at = 4L * ((long) k * OUTPUTS + r);
      int q = panelAt + k * lanes;
      FloatVector u = FloatVector.fromMemorySegment(F, w, at, ORDER);
      FloatVector v = FloatVector.fromMemorySegment(F, w, at + BYTES, ORDER);
      FloatVector x = FloatVector.broadcast(F, p.get(q));
      a0 = u.fma(x, a0);
      b0 = v.fma(x, b0);
      x = FloatVector.broadcast(F, p.get(q + 1));
      a1 = u.fma(x, a1);
      b1 = v.fma(x, b1);
      x = FloatVector.broadcast(F, p.get(q + 2));
      a2 = u.fma(x, a2);
      b2 = v.fma(x, b2);
      x = FloatVector.broadcast(F, p.get(q + 3));
      a3 = u.fma(x, a3);
      b3 = v.fma(x, b3);
    }
    a0.intoArray(sums, s0);
    b0.intoArray(sums, s0 + LANES);
    a1.intoArray(sums, s1);
    b1.intoArray(sums, s1 + LANES);
    a2.intoArray(sums, s2);
    b2.intoArray(sums, s2 + LANES);
    a3.intoArray(sums, s3);
    b3.intoArray(sums, s3 + LANES);
  }
}
