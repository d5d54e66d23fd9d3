package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Bitmap format: lanes are the outputs of a strip. For each input the kept weights are loaded as
 * they lie, expanded to their lanes and multiplied with the broadcast input.
 *
 * <p>Vectors narrower than a strip take it in several passes over its masks.
 */
final class VectorBitmap implements BitmapKernels {
  private static final int STRIP = Kernels.STRIP;
  private static final int LANE_BITS = LANES == 64 ? -1 : (1 << LANES) - 1;

  @Override
  public void gemv(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer yb,
      int yAt,
      int from,
      int to) {
    if (w.values().type() != ValueType.F32) {
      new PlainBitmap().gemv(w, x, finite, bias, yb, yAt, from, to);
      return;
    }
    ByteBuffer masks = w.masks();
    MemorySegment values = MemorySegment.ofBuffer(w.values().data());
    MemorySegment y = MemorySegment.ofBuffer(yb);
    for (int r = from; r < to; r += STRIP) {
      int strip = r / STRIP;
      int m = 2 * strip * w.cols();
      long start = w.starts().getInt(4 * strip);
      for (int g = 0; g < STRIP && r + g < to; g += LANES) {
        FloatVector sum =
            finite
                ? strip(masks, m, values, start, x, w.cols(), g)
                : maskedStrip(masks, m, values, start, x, 0, w.cols(), g);
        store(sum, bias, y, yAt, r + g, to);
      }
    }
  }

  /** Four inputs per step: one load brings their masks, and the counts need not wait in a chain. */
  private static FloatVector strip(
      ByteBuffer masks, int maskAt, MemorySegment values, long start, float[] x, int cols, int g) {
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    long next = start;
    int k = 0;
    for (; k + 4 <= cols; k += 4) {
      long m = masks.getLong(maskAt + 2 * k);
      int m0 = (int) m & 0xFFFF;
      int m1 = (int) m >>> 16;
      int m2 = (int) (m >>> 32) & 0xFFFF;
      int m3 = (int) (m >>> 48);
      long n1 = next + Integer.bitCount(m0);
      long n2 = next + Integer.bitCount((int) m);
      long n3 = n2 + Integer.bitCount(m2);
      a0 = load(values, next, m0, g).fma(FloatVector.broadcast(F, x[k]), a0);
      a1 = load(values, n1, m1, g).fma(FloatVector.broadcast(F, x[k + 1]), a1);
      a2 = load(values, n2, m2, g).fma(FloatVector.broadcast(F, x[k + 2]), a2);
      a3 = load(values, n3, m3, g).fma(FloatVector.broadcast(F, x[k + 3]), a3);
      next += Long.bitCount(m);
    }
    for (; k < cols; k++) {
      int m = masks.getShort(maskAt + 2 * k) & 0xFFFF;
      a0 = load(values, next, m, g).fma(FloatVector.broadcast(F, x[k]), a0);
      next += Integer.bitCount(m);
    }
    return a0.add(a1).add(a2.add(a3));
  }

  /** Adds only where a weight is kept, so that 0 times infinity is not seen. */
  private static FloatVector maskedStrip(
      ByteBuffer masks,
      int maskAt,
      MemorySegment values,
      long start,
      float[] x,
      int xAt,
      int cols,
      int g) {
    FloatVector sum = FloatVector.zero(F);
    long next = start;
    for (int k = 0; k < cols; k++) {
      int m = masks.getShort(maskAt + 2 * k) & 0xFFFF;
      FloatVector product = load(values, next, m, g).mul(x[xAt + k]);
      sum =
          sum.lanewise(VectorOperators.ADD, product, VectorMask.fromLong(F, (m >>> g) & LANE_BITS));
      next += Integer.bitCount(m);
    }
    return sum;
  }

  @Override
  public void gemm4(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer yb,
      int yAt,
      int from,
      int to) {
    if (w.values().type() != ValueType.F32) {
      new PlainBitmap().gemm4(w, x, finite, bias, yb, yAt, from, to);
      return;
    }
    ByteBuffer masks = w.masks();
    MemorySegment values = MemorySegment.ofBuffer(w.values().data());
    MemorySegment y = MemorySegment.ofBuffer(yb);
    int cols = w.cols();
    for (int r = from; r < to; r += STRIP) {
      int strip = r / STRIP;
      int m = 2 * strip * cols;
      long start = w.starts().getInt(4 * strip);
      for (int g = 0; g < STRIP && r + g < to; g += LANES) {
        if (finite) {
          strip4(w, masks, m, values, start, x, g, bias, y, yAt, r + g, to);
        } else {
          for (int i = 0; i < 4; i++) {
            FloatVector sum = maskedStrip(masks, m, values, start, x, i * cols, cols, g);
            store(sum, bias, y, yAt + i * w.rows(), r + g, to);
          }
        }
      }
    }
  }

  private static void strip4(
      BitmapArrays w,
      ByteBuffer masks,
      int maskAt,
      MemorySegment values,
      long start,
      float[] x,
      int g,
      ByteBuffer bias,
      MemorySegment y,
      int yAt,
      int r,
      int to) {
    int cols = w.cols();
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    long next = start;
    for (int k = 0; k < cols; k++) {
      int m = masks.getShort(maskAt + 2 * k) & 0xFFFF;
      FloatVector v = load(values, next, m, g);
      a0 = v.fma(FloatVector.broadcast(F, x[k]), a0);
      a1 = v.fma(FloatVector.broadcast(F, x[cols + k]), a1);
      a2 = v.fma(FloatVector.broadcast(F, x[2 * cols + k]), a2);
      a3 = v.fma(FloatVector.broadcast(F, x[3 * cols + k]), a3);
      next += Integer.bitCount(m);
    }
    store(a0, bias, y, yAt, r, to);
    store(a1, bias, y, yAt + w.rows(), r, to);
    store(a2, bias, y, yAt + 2 * w.rows(), r, to);
    store(a3, bias, y, yAt + 3 * w.rows(), r, to);
  }

  /** The weights of one input in the lanes g to g + LANES of a strip; 0 where none is kept. */
  private static FloatVector load(MemorySegment values, long next, int mask, int g) {
    long at = LANES == STRIP ? next : next + Integer.bitCount(mask & ((1 << g) - 1));
    return FloatVector.fromMemorySegment(F, values, 4 * at, ORDER)
        .expand(VectorMask.fromLong(F, LANES == STRIP ? mask : (mask >>> g) & LANE_BITS));
  }

  static void store(FloatVector sum, ByteBuffer bias, MemorySegment y, int yAt, int r, int to) {
    long at = 4L * (yAt + (long) r);
    if (r + LANES <= to) {
      FloatVector b =
          bias == null
              ? FloatVector.zero(F)
              : FloatVector.fromMemorySegment(F, MemorySegment.ofBuffer(bias), 4L * r, ORDER);
      sum.add(b).intoMemorySegment(y, at, ORDER);
      return;
    }
    VectorMask<Float> inside = F.indexInRange(r, to);
    FloatVector b =
        bias == null
            ? FloatVector.zero(F)
            : FloatVector.fromMemorySegment(F, MemorySegment.ofBuffer(bias), 4L * r, ORDER, inside);
    sum.add(b).intoMemorySegment(y, at, ORDER, inside);
  }
}
