package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ShortBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Strip formats by one activation row. Blocks of several outputs keep these in lanes and broadcast
 * the input; blocks of several inputs have the inputs in lanes. Types other than float32 are
 * converted some blocks ahead.
 */
final class VectorStrips implements StripKernels {
  private static final int SIZE = 16;

  /** Four outputs; wider vectors would have to assemble their inputs from several blocks. */
  private static final VectorSpecies<Float> QUAD = FloatVector.SPECIES_128;

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

  private static void four(
      ShortBuffer positions,
      MemorySegment values,
      long at,
      int start,
      int end,
      float[] x,
      int base,
      float[] sums) {
    FloatVector a = FloatVector.fromArray(QUAD, sums, 0);
    FloatVector b = FloatVector.zero(QUAD);
    FloatVector c = b;
    FloatVector d = b;
    int i = start;
    for (; i + 4 <= end; i += 4) {
      long p = at + 16L * (i - start);
      a = quad(values, p).fma(quadInput(positions, i, x, base), a);
      b = quad(values, p + 16).fma(quadInput(positions, i + 1, x, base), b);
      c = quad(values, p + 32).fma(quadInput(positions, i + 2, x, base), c);
      d = quad(values, p + 48).fma(quadInput(positions, i + 3, x, base), d);
    }
    for (; i < end; i++) {
      a = quad(values, at + 16L * (i - start)).fma(quadInput(positions, i, x, base), a);
    }
    a.add(b).add(c.add(d)).intoArray(sums, 0);
  }

  private static FloatVector quad(MemorySegment values, long at) {
    return FloatVector.fromMemorySegment(QUAD, values, at, ORDER);
  }

  private static FloatVector quadInput(ShortBuffer positions, int i, float[] x, int base) {
    return FloatVector.broadcast(QUAD, x[base + (positions.get(i) & 0xFFFF)]);
  }

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
    for (; i + 4 <= end; i += 4) {
      long p = at + 64L * (i - start);
      a = VectorLoads.f32(values, p).fma(input(positions, i, x, base), a);
      b = VectorLoads.f32(values, p + 64).fma(input(positions, i + 1, x, base), b);
      c = VectorLoads.f32(values, p + 128).fma(input(positions, i + 2, x, base), c);
      d = VectorLoads.f32(values, p + 192).fma(input(positions, i + 3, x, base), d);
    }
    for (; i < end; i++) {
      a = VectorLoads.f32(values, at + 64L * (i - start)).fma(input(positions, i, x, base), a);
    }
    a.add(b).add(c.add(d)).intoArray(sums, s);
  }

  private static FloatVector input(ShortBuffer positions, int i, float[] x, int base) {
    return FloatVector.broadcast(F, x[base + (positions.get(i) & 0xFFFF)]);
  }

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
    for (; i + 4 <= end; i += 4) {
      long p = at + 64L * (i - start);
      a = VectorLoads.f32(values, p).fma(inputs(positions, i, x, base), a);
      b = VectorLoads.f32(values, p + 64).fma(inputs(positions, i + 1, x, base), b);
      c = VectorLoads.f32(values, p + 128).fma(inputs(positions, i + 2, x, base), c);
      d = VectorLoads.f32(values, p + 192).fma(inputs(positions, i + 3, x, base), d);
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
