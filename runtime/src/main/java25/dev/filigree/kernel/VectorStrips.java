package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ShortBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Strip formats by one activation row. Blocks of several outputs keep these in lanes and broadcast
 * the input; blocks of several inputs have the inputs in lanes. Types other than float32 are
 * converted some blocks ahead.
 */
final class VectorStrips implements StripKernels {
  private static final int SIZE = 16;

  /** Blocks of four outputs in a vector. */
  private static final int SIDE = LANES / 4;

  private static final VectorMask<Float> FROM_4 = VectorMask.fromLong(F, -1L << 4);
  private static final VectorMask<Float> FROM_8 = VectorMask.fromLong(F, -1L << 8);
  private static final VectorMask<Float> FROM_12 = VectorMask.fromLong(F, -1L << 12);

  /** Blocks that are converted at a time: 16 KiB of floats at most. */
  private static final int BLOCKS = 256;

  @Override
  public void gemv(
      StripArrays w, float[] x, ByteBuffer bias, ByteBuffer y, int yAt, int from, int to) {
    ShortBuffer positions = Views.shorts(w.positions());
    MemorySegment data = Views.segment(w.values().data());
    boolean floats = w.values().type() == ValueType.F32;
    int outputs = w.shape().outputs();
    int size = w.shape().size();
    int spans = w.spans();
    float[] sums = VectorUnpacked.local().sums();
    for (int r0 = from; r0 < to; r0 += outputs) {
      java.util.Arrays.fill(sums, 0f);
      for (int span = 0; span < spans; span += StripArrays.SPANS_PER_BASE) {
        int base = StripArrays.base(span);
        int next = Math.min(spans, span + StripArrays.SPANS_PER_BASE);
        int start = w.start(r0 / outputs, span);
        int end = w.start(r0 / outputs, next);
        if (floats) {
          blocks(w.shape(), positions, data, 4L * size * start, start, end, x, base, sums);
        } else {
          for (int i = start; i < end; i += BLOCKS) {
            int stop = Math.min(end, i + BLOCKS);
            MemorySegment some =
                VectorUnpacked.local().run(w.values(), data, i * size, (stop - i) * size);
            blocks(w.shape(), positions, some, 0, i, stop, x, base, sums);
          }
        }
      }
      store(w, sums, bias, y, yAt, r0, Math.min(to, r0 + outputs));
    }
  }

  private static void store(
      StripArrays w, float[] sums, ByteBuffer bias, ByteBuffer y, int yAt, int r0, int r1) {
    if (w.shape().outputs() == 1) {
      sums[0] = VectorConstants.sum(sums, 0, SIZE);
    } else if (w.shape().outputs() == 4) {
      for (int r = 0; r < 4; r++) {
        sums[r] = (sums[r] + sums[4 + r]) + (sums[8 + r] + sums[12 + r]);
      }
    }
    ByteBuffer scales = w.values().scales();
    for (int r = r0; r < r1; r++) {
      float sum = scales == null ? sums[r - r0] : scales.getFloat(4 * r) * sums[r - r0];
      y.putFloat(4 * (yAt + r), bias == null ? sum : sum + bias.getFloat(4 * r));
    }
  }

  /**
   * Adds the blocks start to end to the sums.
   *
   * @param at where in the values the first of them is, in bytes
   */
  private static void blocks(
      StripShape shape,
      ShortBuffer positions,
      MemorySegment values,
      long at,
      int start,
      int end,
      float[] x,
      int base,
      float[] sums) {
    switch (shape) {
      case STRIP4X1 -> four(positions, values, at, start, end, x, base, sums);
      case STRIP16X1 -> {
        for (int s = 0; s < SIZE; s += LANES) {
          tall(positions, values, at + 4L * s, start, end, x, base, sums, s);
        }
      }
      case STRIP1X16 -> {
        for (int s = 0; s < SIZE; s += LANES) {
          wide(positions, values, at + 4L * s, start, end, x, base + s, sums, s);
        }
      }
    }
  }

  /**
   * A vector holds the four outputs of {@link #SIDE} blocks side by side; one block at a time where
   * it holds no more. Four sums of their own, so that the bits do not depend on the width.
   */
  private static void four(
      ShortBuffer positions,
      MemorySegment values,
      long at,
      int start,
      int end,
      float[] x,
      int base,
      float[] sums) {
    int whole = start + (end - start) / 4 * 4;
    for (int s = 0; s < 4; s += SIDE) {
      FloatVector a = FloatVector.fromArray(F, sums, 4 * s);
      for (int i = start + s; i < whole; i += 4) {
        a =
            VectorLoads.f32(values, at + 16L * (i - start))
                .fma(fourInputs(positions, i, x, base), a);
      }
      a.intoArray(sums, 4 * s);
    }
    for (int i = whole; i < end; i++) {
      float input = x[base + (positions.get(i) & 0xFFFF)];
      for (int r = 0; r < 4; r++) {
        float weight = values.get(JAVA_FLOAT_UNALIGNED, at + 16L * (i - start) + 4L * r);
        sums[r] = Math.fma(weight, input, sums[r]);
      }
    }
  }

  private static FloatVector fourInputs(ShortBuffer positions, int i, float[] x, int base) {
    FloatVector inputs = input(positions, i, x, base);
    if (SIDE == 1) {
      return inputs;
    }
    FloatVector two = inputs.blend(input(positions, i + 1, x, base), FROM_4);
    if (SIDE == 2) {
      return two;
    }
    return two.blend(input(positions, i + 2, x, base), FROM_8)
        .blend(input(positions, i + 3, x, base), FROM_12);
  }

  /**
   * Eight blocks at a time: longer than what the compiler puts into its callers, which together
   * would exceed the code in which it keeps vectors out of memory.
   */
  private static void tall(
      ShortBuffer positions,
      MemorySegment values,
      long at,
      int start,
      int end,
      float[] x,
      int base,
      float[] sums,
      int s) {
    FloatVector a = FloatVector.fromArray(F, sums, s);
    FloatVector b = FloatVector.zero(F);
    FloatVector c = b;
    FloatVector d = b;
    int i = start;
    for (; i + 8 <= end; i += 8) {
      long p = at + 64L * (i - start);
      a = VectorLoads.f32(values, p).fma(input(positions, i, x, base), a);
      b = VectorLoads.f32(values, p + 64).fma(input(positions, i + 1, x, base), b);
      c = VectorLoads.f32(values, p + 128).fma(input(positions, i + 2, x, base), c);
      d = VectorLoads.f32(values, p + 192).fma(input(positions, i + 3, x, base), d);
      a = VectorLoads.f32(values, p + 256).fma(input(positions, i + 4, x, base), a);
      b = VectorLoads.f32(values, p + 320).fma(input(positions, i + 5, x, base), b);
      c = VectorLoads.f32(values, p + 384).fma(input(positions, i + 6, x, base), c);
      d = VectorLoads.f32(values, p + 448).fma(input(positions, i + 7, x, base), d);
    }
    for (; i < end; i++) {
      a = VectorLoads.f32(values, at + 64L * (i - start)).fma(input(positions, i, x, base), a);
    }
    a.add(b).add(c.add(d)).intoArray(sums, s);
  }

  private static FloatVector input(ShortBuffer positions, int i, float[] x, int base) {
    return FloatVector.broadcast(F, x[base + (positions.get(i) & 0xFFFF)]);
  }

  /** Like {@link #tall}. */
  private static void wide(
      ShortBuffer positions,
      MemorySegment values,
      long at,
      int start,
      int end,
      float[] x,
      int base,
      float[] sums,
      int s) {
    FloatVector a = FloatVector.fromArray(F, sums, s);
    FloatVector b = FloatVector.zero(F);
    FloatVector c = b;
    FloatVector d = b;
    int i = start;
    for (; i + 8 <= end; i += 8) {
      long p = at + 64L * (i - start);
      a = VectorLoads.f32(values, p).fma(inputs(positions, i, x, base), a);
      b = VectorLoads.f32(values, p + 64).fma(inputs(positions, i + 1, x, base), b);
      c = VectorLoads.f32(values, p + 128).fma(inputs(positions, i + 2, x, base), c);
      d = VectorLoads.f32(values, p + 192).fma(inputs(positions, i + 3, x, base), d);
      a = VectorLoads.f32(values, p + 256).fma(inputs(positions, i + 4, x, base), a);
      b = VectorLoads.f32(values, p + 320).fma(inputs(positions, i + 5, x, base), b);
      c = VectorLoads.f32(values, p + 384).fma(inputs(positions, i + 6, x, base), c);
      d = VectorLoads.f32(values, p + 448).fma(inputs(positions, i + 7, x, base), d);
    }
    for (; i < end; i++) {
      a = VectorLoads.f32(values, at + 64L * (i - start)).fma(inputs(positions, i, x, base), a);
    }
    a.add(b).add(c.add(d)).intoArray(sums, s);
  }

  private static FloatVector inputs(ShortBuffer positions, int i, float[] x, int base) {
    return FloatVector.fromArray(F, x, base + (positions.get(i) & 0xFFFF));
  }

  @Override
  public void panel(StripArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    VectorStripPanel.multiply(w, panel, lanes, tile, from, to);
  }
}
