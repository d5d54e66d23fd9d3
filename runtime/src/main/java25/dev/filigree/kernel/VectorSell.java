package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Sell format on 512-bit vectors: lanes are the outputs of a strip, the 32 inputs of a window lie
 * in two registers and are looked up there. Narrower vectors have no such lookup and take the plain
 * loops.
 */
final class VectorSell implements SellKernels {
  private static final int STRIP = Kernels.STRIP;
  private static final int WINDOW = Kernels.WINDOW;
  private static final boolean USABLE = LANES == STRIP;
  private static final SellKernels PLAIN = new PlainSell();

  @Override
  public void gemv(
      SellArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    if (!USABLE || !finite) {
      PLAIN.gemv(w, x, finite, bias, y, yAt, from, to);
      return;
    }
    ByteBuffer starts = w.starts();
    MemorySegment inputs = Views.segment(w.inputs());
    MemorySegment values = Views.segment(w.values().data());
    float[] sums = VectorUnpacked.local().sums();
    int windows = w.windows();
    for (int r = from; r < to; r += STRIP) {
      Arrays.fill(sums, 0, STRIP, 0f);
      int block = r / STRIP * windows;
      switch (w.values().type()) {
        case F32 -> windows(starts, block, windows, inputs, values, x, sums);
        case BF16 -> VectorSellBf16.windows(starts, block, windows, inputs, values, x, sums);
        case INT8 -> VectorSellInt8.windows(starts, block, windows, inputs, values, x, sums);
      }
      VectorBitmap.store(w.values(), sums, 0, bias, y, yAt, r, Math.min(to, r + STRIP));
    }
  }

  /**
   * Adds the products of the windows of one strip to its sums.
   *
   * @param block the strip's first window
   */
  private static void windows(
      ByteBuffer starts,
      int block,
      int windows,
      MemorySegment inputs,
      MemorySegment values,
      float[] x,
      float[] sums) {
    FloatVector a = FloatVector.fromArray(F, sums, 0);
    FloatVector b = FloatVector.zero(F);
    FloatVector c = b;
    FloatVector d = b;
    int i = starts.getInt(4 * block);
    for (int v = 0; v < windows; v++) {
      int end = starts.getInt(4 * (block + v + 1));
      IntVector low = FloatVector.fromArray(F, x, v * WINDOW).reinterpretAsInts();
      IntVector high = FloatVector.fromArray(F, x, v * WINDOW + LANES).reinterpretAsInts();
      for (; i + 4 <= end; i += 4) {
        a = weights(values, i).fma(select(inputs, i, low, high), a);
        b = weights(values, i + 1).fma(select(inputs, i + 1, low, high), b);
        c = weights(values, i + 2).fma(select(inputs, i + 2, low, high), c);
        d = weights(values, i + 3).fma(select(inputs, i + 3, low, high), d);
      }
      for (; i < end; i++) {
        a = weights(values, i).fma(select(inputs, i, low, high), a);
      }
    }
    a.add(b).add(c.add(d)).intoArray(sums, 0);
  }

  private static FloatVector weights(MemorySegment values, int step) {
    return FloatVector.fromMemorySegment(F, values, 4L * STRIP * step, ORDER);
  }

  static FloatVector select(MemorySegment inputs, int step, IntVector low, IntVector high) {
    IntVector index =
        (IntVector)
            ByteVector.fromMemorySegment(ByteVector.SPECIES_128, inputs, (long) STRIP * step, ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, IntVector.SPECIES_512, 0);
    return index.selectFrom(low, high).reinterpretAsFloats();
  }
}
