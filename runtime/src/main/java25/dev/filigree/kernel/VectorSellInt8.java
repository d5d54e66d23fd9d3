package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** Windows of 8-bit integers, converted on the way; see {@link VectorSell}. */
final class VectorSellInt8 {

  private VectorSellInt8() {}

  /**
   * Adds the products of the windows of one strip to its sums, as for float32.
   *
   * @param block the strip's first window
   */
  static void windows(
      ByteBuffer starts,
      int block,
      int windows,
      MemorySegment inputs,
      MemorySegment values,
      float[] x,
      float[] sums) {
    FloatVector a = FloatVector.fromArray(F, sums, 0);
    FloatVector b = FloatVector.zero(F);
    int i = starts.getInt(4 * block);
    for (int v = 0; v < windows; v++) {
      int end = starts.getInt(4 * (block + v + 1));
      IntVector low = FloatVector.fromArray(F, x, v * Kernels.WINDOW).reinterpretAsInts();
      IntVector high = FloatVector.fromArray(F, x, v * Kernels.WINDOW + LANES).reinterpretAsInts();
      // Two at a time: four are more code than the compiler puts into one method.
      for (; i + 2 <= end; i += 2) {
        a = weights(values, i).fma(VectorSell.select(inputs, i, low, high), a);
        b = weights(values, i + 1).fma(VectorSell.select(inputs, i + 1, low, high), b);
      }
      for (; i < end; i++) {
        a = weights(values, i).fma(VectorSell.select(inputs, i, low, high), a);
      }
    }
    a.add(b).intoArray(sums, 0);
  }

  private static FloatVector weights(MemorySegment values, int step) {
    return VectorLoads.int8(values, (long) Kernels.STRIP * step);
  }
}
