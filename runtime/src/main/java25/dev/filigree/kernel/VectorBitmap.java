package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Bitmap format: lanes are the outputs of a strip. For each input the kept weights are loaded as
 * they lie, expanded to their lanes and multiplied with the broadcast input. For several activation
 * rows types other than float32 are converted some inputs ahead.
 *
 * <p>Vectors narrower than a strip take it in several passes over its masks.
 */
final class VectorBitmap implements BitmapKernels {
  private static final int STRIP = Kernels.STRIP;
  private static final int LANE_BITS = LANES == 64 ? -1 : (1 << LANES) - 1;

  /** Inputs whose weights are converted at a time: 16 KiB of floats at most. */
  private static final int INPUTS = 256;

  @Override
  public void gemv(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    multiply(w, x, 1, finite, bias, y, yAt, from, to);
  }

  @Override
  public void gemm4(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    multiply(w, x, 4, finite, bias, y, yAt, from, to);
  }

  /**
   * @param batch activation rows, 1 or 4
   */
  private static void multiply(
      BitmapArrays w,
      float[] x,
      int batch,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    ByteBuffer masks = w.masks();
    MemorySegment values = Views.segment(w.values().data());
    VectorUnpacked unpacked = VectorUnpacked.local();
    float[] sums = unpacked.sums();
    boolean floats = w.values().type() == ValueType.F32;
    int cols = w.cols();
    for (int r = from; r < to; r += STRIP) {
      Arrays.fill(sums, 0, batch * STRIP, 0f);
      int strip = r / STRIP;
      int next = w.starts().getInt(4 * strip);
      if (floats) {
        inputs(masks, strip * cols, values, next, x, batch, finite, 0, cols, cols, sums);
      } else if (finite && batch == 1) {
        converting(w, strip * cols, values, next, x, sums);
      } else {
        for (int k0 = 0; k0 < cols; k0 += INPUTS) {
          int k1 = Math.min(cols, k0 + INPUTS);
          int count = count(masks, strip * cols + k0, k1 - k0);
          MemorySegment some = unpacked.run(w.values(), values, next, count);
          inputs(masks, strip * cols, some, 0, x, batch, finite, k0, k1, cols, sums);
          next += count;
        }
      }
      for (int i = 0; i < batch; i++) {
        int at = yAt + i * w.rows();
        store(w.values(), sums, i * STRIP, bias, y, at, r, Math.min(to, r + STRIP));
      }
    }
  }

  private static void converting(
      BitmapArrays w, int first, MemorySegment values, int start, float[] x, float[] sums) {
    for (int g = 0; g < STRIP; g += LANES) {
      if (w.values().type() == ValueType.BF16) {
        VectorBitmapBf16.one(w.masks(), first, values, start, x, 0, w.cols(), g, sums);
      } else {
        VectorBitmapInt8.one(w.masks(), first, values, start, x, 0, w.cols(), g, sums);
      }
    }
  }

  /** How many weights that many masks keep. */
  private static int count(ByteBuffer masks, int first, int inputs) {
    int count = 0;
    int k = 0;
    for (; k + 4 <= inputs; k += 4) {
      count += Long.bitCount(masks.getLong(2 * (first + k)));
    }
    for (; k < inputs; k++) {
      count += Integer.bitCount(masks.getShort(2 * (first + k)) & 0xFFFF);
    }
    return count;
  }

  /**
   * Adds the products of the inputs k0 to k1 of one strip to its sums [batch][16].
   *
   * @param first which mask is that of input 0
   * @param start where in the values those of input k0 begin
   */
  private static void inputs(
      ByteBuffer masks,
      int first,
      MemorySegment values,
      int start,
      float[] x,
      int batch,
      boolean finite,
      int k0,
      int k1,
      int cols,
      float[] sums) {
    for (int g = 0; g < STRIP; g += LANES) {
      if (!finite) {
        for (int i = 0; i < batch; i++) {
          masked(masks, first, values, start, x, i * cols, k0, k1, g, sums, i * STRIP + g);
        }
      } else if (batch == 1) {
        one(masks, first, values, start, x, k0, k1, g, sums);
      } else {
        four(masks, first, values, start, x, k0, k1, cols, g, sums);
      }
    }
  }

  /** Four inputs per step: one load brings their masks, and the counts need not wait in a chain. */
  private static void one(
      ByteBuffer masks,
      int first,
      MemorySegment values,
      int start,
      float[] x,
      int k0,
      int k1,
      int g,
      float[] sums) {
    FloatVector a0 = FloatVector.fromArray(F, sums, g);
    FloatVector a1 = FloatVector.zero(F);
    FloatVector a2 = a1;
    FloatVector a3 = a1;
    long next = start;
    int k = k0;
    for (; k + 4 <= k1; k += 4) {
      long m = masks.getLong(2 * (first + k));
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
    for (; k < k1; k++) {
      int m = masks.getShort(2 * (first + k)) & 0xFFFF;
      a0 = load(values, next, m, g).fma(FloatVector.broadcast(F, x[k]), a0);
      next += Integer.bitCount(m);
    }
    a0.add(a1).add(a2.add(a3)).intoArray(sums, g);
  }

  private static void four(
      ByteBuffer masks,
      int first,
      MemorySegment values,
      int start,
      float[] x,
      int k0,
      int k1,
      int cols,
      int g,
      float[] sums) {
    FloatVector a0 = FloatVector.fromArray(F, sums, g);
    FloatVector a1 = FloatVector.fromArray(F, sums, STRIP + g);
    FloatVector a2 = FloatVector.fromArray(F, sums, 2 * STRIP + g);
    FloatVector a3 = FloatVector.fromArray(F, sums, 3 * STRIP + g);
    long next = start;
    for (int k = k0; k < k1; k++) {
      int m = masks.getShort(2 * (first + k)) & 0xFFFF;
      FloatVector v = load(values, next, m, g);
      a0 = v.fma(FloatVector.broadcast(F, x[k]), a0);
      a1 = v.fma(FloatVector.broadcast(F, x[cols + k]), a1);
      a2 = v.fma(FloatVector.broadcast(F, x[2 * cols + k]), a2);
      a3 = v.fma(FloatVector.broadcast(F, x[3 * cols + k]), a3);
      next += Integer.bitCount(m);
    }
    a0.intoArray(sums, g);
    a1.intoArray(sums, STRIP + g);
    a2.intoArray(sums, 2 * STRIP + g);
    a3.intoArray(sums, 3 * STRIP + g);
  }

  /** Adds only where a weight is kept, so that 0 times infinity is not seen. */
  private static void masked(
      ByteBuffer masks,
      int first,
      MemorySegment values,
      int start,
      float[] x,
      int xAt,
      int k0,
      int k1,
      int g,
      float[] sums,
      int sumsAt) {
    FloatVector sum = FloatVector.fromArray(F, sums, sumsAt);
    long next = start;
    for (int k = k0; k < k1; k++) {
      int m = masks.getShort(2 * (first + k)) & 0xFFFF;
      FloatVector product = load(values, next, m, g).mul(x[xAt + k]);
      sum =
          sum.lanewise(VectorOperators.ADD, product, VectorMask.fromLong(F, (m >>> g) & LANE_BITS));
      next += Integer.bitCount(m);
    }
    sum.intoArray(sums, sumsAt);
  }

  /** The weights of one input in the lanes g to g + LANES of a strip; 0 where none is kept. */
  private static FloatVector load(MemorySegment values, long next, int mask, int g) {
    return FloatVector.fromMemorySegment(F, values, 4 * first(next, mask, g), ORDER)
        .expand(lanes(mask, g));
  }

  /** Where the weights in the lanes from g on begin. */
  static long first(long next, int mask, int g) {
    return LANES == STRIP ? next : next + Integer.bitCount(mask & ((1 << g) - 1));
  }

  /** Which of the lanes g to g + LANES are kept. */
  static VectorMask<Float> lanes(int mask, int g) {
    return VectorMask.fromLong(F, LANES == STRIP ? mask : (mask >>> g) & LANE_BITS);
  }

  /** Writes the outputs r0 to r1 of a strip, whose sums begin at {@code at}, scaled. */
  static void store(
      Values values, float[] sums, int at, ByteBuffer bias, ByteBuffer y, int yAt, int r0, int r1) {
    ByteBuffer scales = values.scales();
    for (int r = r0; r < r1; r++) {
      float sum = sums[at + r - r0];
      float scaled = scales == null ? sum : scales.getFloat(4 * r) * sum;
      y.putFloat(4 * (yAt + r), bias == null ? scaled : scaled + bias.getFloat(4 * r));
    }
  }
}
