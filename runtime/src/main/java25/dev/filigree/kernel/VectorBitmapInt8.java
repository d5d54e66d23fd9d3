package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;

/**
 * One activation row by a strip of 8-bit integers, converted on the way; see {@link VectorBitmap}.
 */
final class VectorBitmapInt8 {

  private VectorBitmapInt8() {}

  /** Adds the products of the inputs k0 to k1 of one strip to its sums, as for float32. */
  static void one(
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

  private static FloatVector load(MemorySegment values, long next, int mask, int g) {
    return VectorLoads.int8(values, VectorBitmap.first(next, mask, g))
        .expand(VectorBitmap.lanes(mask, g));
  }
}
