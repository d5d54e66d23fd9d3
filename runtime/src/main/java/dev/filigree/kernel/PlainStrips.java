package dev.filigree.kernel;

import static dev.filigree.kernel.PlainLoops.axpy;
import static dev.filigree.kernel.PlainLoops.bias;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** The strip formats in plain Java loops, see {@link PlainKernels}. */
final class PlainStrips implements StripKernels {

  /** Blocks whose values are read together. */
  private static final int BLOCKS = 64;

  private static final int SIZE = 16;

  @Override
  public void gemv(
      StripArrays w, float[] x, ByteBuffer bias, ByteBuffer y, int yAt, int from, int to) {
    ShortBuffer positions = Views.shorts(w.positions());
    int outputs = w.shape().outputs();
    int size = w.shape().size();
    int spans = w.spans();
    float[] values = PlainScratch.local().values();
    float[] sums = PlainScratch.local().sums();
    for (int r0 = from; r0 < to; r0 += outputs) {
      java.util.Arrays.fill(sums, 0f);
      for (int span = 0; span < spans; span += StripArrays.SPANS_PER_BASE) {
        int base = StripArrays.base(span);
        int next = Math.min(spans, span + StripArrays.SPANS_PER_BASE);
        int end = w.start(r0 / outputs, next);
        for (int i = w.start(r0 / outputs, span); i < end; i += BLOCKS) {
          int count = Math.min(BLOCKS, end - i);
          PlainValues.read(w.values(), i * size, count * size, values);
          if (outputs == 1) {
            wide(values, positions, i, count, x, base, sums);
          } else {
            tall(values, positions, i, count, outputs, x, base, sums);
          }
        }
      }
      for (int r = r0; r < Math.min(to, r0 + outputs); r++) {
        float sum = outputs == 1 ? total(sums) : sums[r - r0];
        y.putFloat(4 * (yAt + r), bias(bias, r) + PlainValues.scale(w.values(), r) * sum);
      }
    }
  }

  private static void tall(
      float[] values,
      ShortBuffer positions,
      int at,
      int count,
      int outputs,
      float[] x,
      int base,
      float[] sums) {
    for (int i = 0; i < count; i++) {
      float xk = x[base + (positions.get(at + i) & 0xFFFF)];
      for (int r = 0; r < outputs; r++) {
        sums[r] += values[i * outputs + r] * xk;
      }
    }
  }

  private static void wide(
      float[] values, ShortBuffer positions, int at, int count, float[] x, int base, float[] sums) {
    for (int i = 0; i < count; i++) {
      int k = base + (positions.get(at + i) & 0xFFFF);
      for (int j = 0; j < SIZE; j++) {
        sums[j] += values[i * SIZE + j] * x[k + j];
      }
    }
  }

  private static float total(float[] sums) {
    float total = 0;
    for (float sum : sums) {
      total += sum;
    }
    return total;
  }

  @Override
  public void panel(StripArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    ShortBuffer positions = Views.shorts(w.positions());
    FloatBuffer pf = Views.floats(panel);
    int outputs = w.shape().outputs();
    int inputs = w.shape().inputs();
    float[] values = PlainScratch.local().values();
    java.util.Arrays.fill(tile, 0, (to - from) * lanes, 0f);
    for (int span = 0; span < w.spans(); span++) {
      int base = StripArrays.base(span);
      for (int band = from / outputs; band * outputs < to; band++) {
        int end = w.start(band, span + 1);
        for (int i = w.start(band, span); i < end; i++) {
          int k = base + (positions.get(i) & 0xFFFF);
          int some = Math.min(inputs, w.cols() - k);
          PlainValues.read(w.values(), i * outputs * inputs, outputs * inputs, values);
          int last = Math.min(to, (band + 1) * outputs);
          for (int r = Math.max(from, band * outputs); r < last; r++) {
            float scale = PlainValues.scale(w.values(), r);
            int row = (r - band * outputs) * inputs;
            for (int j = 0; j < some; j++) {
              float v = scale * values[row + j];
              axpy(v, pf, (k + j) * lanes, tile, (r - from) * lanes, lanes);
            }
          }
        }
      }
    }
  }
}
