package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.BYTES;
import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Compressed sparse rows. Columns and values are read one by one through buffers: C2 turns scalar
 * reads of a segment in a counted loop into some thirty instructions of long range checks.
 */
final class VectorCsr implements CsrKernels {

  /** Weights that are converted at a time, of as many rows as they belong to. */
  private static final int CONVERTED = 4096;

  /** Scalar loads: the gather instruction of current processors is no faster than eight of them. */
  @Override
  public void gemv(
      CsrArrays w, float[] x, ByteBuffer bias, ByteBuffer y, int yAt, int from, int to) {
    ShortBuffer columns = Views.shorts(w.columns());
    ByteBuffer pointers = w.pointers();
    ByteBuffer scales = w.values().scales();
    boolean floats = w.values().type() == ValueType.F32;
    FloatBuffer values = floats ? Views.floats(w.values().data()) : VectorUnpacked.local().floats();
    // The weights from converted on are in values.
    int converted = 0;
    int convertedEnd = floats ? Integer.MAX_VALUE : 0;
    int blocks = w.blocks();
    int blocksPerRun = 65536 / Kernels.CSR_BLOCK;
    for (int r = from; r < to; r++) {
      float sum = 0;
      for (int b = 0; b < blocks; b += blocksPerRun) {
        int start = pointers.getInt(4 * (r * blocks + b));
        int end = pointers.getInt(4 * (r * blocks + Math.min(blocks, b + blocksPerRun)));
        while (start < end) {
          // Where a long run is cut must not depend on the rows before it.
          int stop = floats ? end : Math.min(end, start + CONVERTED);
          if (stop > convertedEnd) {
            converted = start;
            convertedEnd = convert(w, start);
          }
          sum += run(columns, values, -converted, start, stop, x, CsrArrays.base(b));
          start = stop;
        }
      }
      float scaled = scales == null ? sum : scales.getFloat(4 * r) * sum;
      y.putFloat(4 * (yAt + r), bias == null ? scaled : scaled + bias.getFloat(4 * r));
    }
  }

  /** Converts some weights from start on for this thread; where they end. */
  private static int convert(CsrArrays w, int start) {
    int end = Math.min(w.columns().limit() / 2, start + CONVERTED);
    MemorySegment data = Views.segment(w.values().data());
    VectorUnpacked.local().run(w.values(), data, start, end - start);
    return end;
  }

  /**
   * @param shift what to add to the index of a weight to find it in the values
   */
  private static float run(
      ShortBuffer columns, FloatBuffer values, int shift, int start, int end, float[] x, int base) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    float s4 = 0;
    float s5 = 0;
    float s6 = 0;
    float s7 = 0;
    int i = start;
    for (; i + 8 <= end; i += 8) {
      s0 = product(columns, values, shift, i, x, base, s0);
      s1 = product(columns, values, shift, i + 1, x, base, s1);
      s2 = product(columns, values, shift, i + 2, x, base, s2);
      s3 = product(columns, values, shift, i + 3, x, base, s3);
      s4 = product(columns, values, shift, i + 4, x, base, s4);
      s5 = product(columns, values, shift, i + 5, x, base, s5);
      s6 = product(columns, values, shift, i + 6, x, base, s6);
      s7 = product(columns, values, shift, i + 7, x, base, s7);
    }
    for (; i < end; i++) {
      s0 = product(columns, values, shift, i, x, base, s0);
    }
    return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
  }

  private static float product(
      ShortBuffer columns, FloatBuffer values, int shift, int i, float[] x, int base, float sum) {
    int k = base + (columns.get(i) & 0xFFFF);
    return Math.fma(values.get(i + shift), x[k], sum);
  }

  @Override
  public void panel(CsrArrays w, ByteBuffer pb, int lanes, float[] tile, int from, int to) {
    ShortBuffer columns = Views.shorts(w.columns());
    boolean floats = w.values().type() == ValueType.F32;
    MemorySegment data = Views.segment(w.values().data());
    VectorUnpacked unpacked = VectorUnpacked.local();
    FloatBuffer values = floats ? Views.floats(w.values().data()) : unpacked.floats();
    MemorySegment panel = Views.segment(pb);
    ByteBuffer pointers = w.pointers();
    int blocks = w.blocks();
    Arrays.fill(tile, 0, (to - from) * lanes, 0f);
    for (int b = 0; b < blocks; b++) {
      int base = CsrArrays.base(b);
      for (int r = from; r < to; r++) {
        int start = pointers.getInt(4 * (r * blocks + b));
        int end = pointers.getInt(4 * (r * blocks + b + 1));
        int at = (r - from) * lanes;
        int shift = 0;
        if (!floats) {
          unpacked.run(w.values(), data, start, end - start);
          shift = -start;
        }
        int l = 0;
        for (; l + 4 * LANES <= lanes; l += 4 * LANES) {
          long origin = 4L * ((long) base * lanes + l);
          row4(columns, values, shift, start, end, panel, origin, 4 * lanes, tile, at + l);
        }
        for (; l < lanes; l += LANES) {
          row1(columns, values, shift, start, end, panel, base, lanes, l, tile, at + l);
        }
      }
    }
    VectorTiles.scale(w.values().scales(), tile, lanes, from, to);
  }

  /**
   * Four vectors of activation rows, one weight at a time. More sums or a second weight per step
   * need more registers than there are and measured slower.
   */
  private static void row4(
      ShortBuffer columns,
      FloatBuffer values,
      int shift,
      int start,
      int end,
      MemorySegment panel,
      long origin,
      int stride,
      float[] tile,
      int t) {
    FloatVector a0 = FloatVector.fromArray(F, tile, t);
    FloatVector a1 = FloatVector.fromArray(F, tile, t + LANES);
    FloatVector a2 = FloatVector.fromArray(F, tile, t + 2 * LANES);
    FloatVector a3 = FloatVector.fromArray(F, tile, t + 3 * LANES);
    for (int i = start; i < end; i++) {
      long p = origin + (long) stride * (columns.get(i) & 0xFFFF);
      FloatVector v = FloatVector.broadcast(F, values.get(i + shift));
      a0 = FloatVector.fromMemorySegment(F, panel, p, ORDER).fma(v, a0);
      a1 = FloatVector.fromMemorySegment(F, panel, p + BYTES, ORDER).fma(v, a1);
      a2 = FloatVector.fromMemorySegment(F, panel, p + 2 * BYTES, ORDER).fma(v, a2);
      a3 = FloatVector.fromMemorySegment(F, panel, p + 3 * BYTES, ORDER).fma(v, a3);
    }
    a0.intoArray(tile, t);
    a1.intoArray(tile, t + LANES);
    a2.intoArray(tile, t + 2 * LANES);
    a3.intoArray(tile, t + 3 * LANES);
  }

  private static void row1(
      ShortBuffer columns,
      FloatBuffer values,
      int shift,
      int start,
      int end,
      MemorySegment panel,
      int base,
      int lanes,
      int l,
      float[] tile,
      int t) {
    FloatVector a = FloatVector.fromArray(F, tile, t);
    FloatVector b = FloatVector.zero(F);
    FloatVector c = b;
    FloatVector d = b;
    int i = start;
    for (; i + 4 <= end; i += 4) {
      a = term(columns, values, shift, i, panel, base, lanes, l, a);
      b = term(columns, values, shift, i + 1, panel, base, lanes, l, b);
      c = term(columns, values, shift, i + 2, panel, base, lanes, l, c);
      d = term(columns, values, shift, i + 3, panel, base, lanes, l, d);
    }
    for (; i < end; i++) {
      a = term(columns, values, shift, i, panel, base, lanes, l, a);
    }
    a.add(b).add(c.add(d)).intoArray(tile, t);
  }

  private static FloatVector term(
      ShortBuffer columns,
      FloatBuffer values,
      int shift,
      int i,
      MemorySegment panel,
      int base,
      int lanes,
      int l,
      FloatVector sum) {
    return FloatVector.fromMemorySegment(F, panel, offset(columns, i, base, lanes, l), ORDER)
        .fma(FloatVector.broadcast(F, values.get(i + shift)), sum);
  }

  /** Where in the panel the activations of weight i start, in bytes. */
  private static long offset(ShortBuffer columns, int i, int base, int lanes, int l) {
    int k = base + (columns.get(i) & 0xFFFF);
    return 4L * ((long) k * lanes + l);
  }
}
