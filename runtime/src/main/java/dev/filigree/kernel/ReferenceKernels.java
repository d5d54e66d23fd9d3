package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * The definition of every product: plain loops in the order of the inputs, sums in double, rounded
 * once to float at the end.
 *
 * <p>In the sparse formats a removed weight does not multiply; in the dense formats every stored
 * weight does, zeros included.
 */
public final class ReferenceKernels implements Kernels {

  @Override
  public String name() {
    return "reference, double sums";
  }

  @Override
  public void denseGemv(
      ByteBuffer w,
      int cols,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int r = from; r < to; r++) {
      double sum = bias(bias, r);
      for (int k = 0; k < cols; k++) {
        sum += (double) get(w, r * cols + k) * get(x, xAt + k);
      }
      put(y, yAt + r, sum);
    }
  }

  @Override
  public void densePanel(
      ByteBuffer w, int cols, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    for (int r = from; r < to; r++) {
      for (int l = 0; l < lanes; l++) {
        double sum = 0;
        for (int k = 0; k < cols; k++) {
          sum += (double) get(w, r * cols + k) * get(panel, k * lanes + l);
        }
        tile[(r - from) * lanes + l] = (float) sum;
      }
    }
  }

  @Override
  public void columnsGemv(
      ByteBuffer w,
      int rows,
      int[] active,
      int count,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int r = from; r < to; r++) {
      double sum = bias(bias, r);
      for (int i = 0; i < count; i++) {
        int k = active == null ? i : active[i];
        sum += (double) get(w, k * rows + r) * get(x, xAt + k);
      }
      put(y, yAt + r, sum);
    }
  }

  @Override
  public void columnsGemm4(
      ByteBuffer w,
      int rows,
      int cols,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int i = 0; i < 4; i++) {
      columnsGemv(w, rows, null, cols, x, xAt + i * cols, bias, y, yAt + i * rows, from, to);
    }
  }

  @Override
  public void bitmapGemv(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    bitmap(w, x, 0, bias, y, yAt, from, to);
  }

  @Override
  public void bitmapGemm4(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int i = 0; i < 4; i++) {
      bitmap(w, x, i * w.cols(), bias, y, yAt + i * w.rows(), from, to);
    }
  }

  private static void bitmap(
      BitmapArrays w,
      float[] x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    for (int r = from; r < to; r++) {
      int strip = r / STRIP;
      int bit = 1 << (r % STRIP);
      int next = w.starts().getInt(4 * strip);
      double sum = bias(bias, r);
      for (int k = 0; k < w.cols(); k++) {
        int mask = w.masks().getShort(2 * (strip * w.cols() + k)) & 0xFFFF;
        if ((mask & bit) != 0) {
          sum += (double) get(w.values(), next + Integer.bitCount(mask & (bit - 1))) * x[xAt + k];
        }
        next += Integer.bitCount(mask);
      }
      put(y, yAt + r, sum);
    }
  }

  @Override
  public void csrGemv(
      CsrArrays w, float[] x, ByteBuffer bias, ByteBuffer y, int yAt, int from, int to) {
    int blocks = w.blocks();
    for (int r = from; r < to; r++) {
      double sum = bias(bias, r);
      for (int b = 0; b < blocks; b++) {
        int end = w.pointers().getInt(4 * (r * blocks + b + 1));
        for (int i = w.pointers().getInt(4 * (r * blocks + b)); i < end; i++) {
          int k = CsrArrays.base(b) + (w.columns().getShort(2 * i) & 0xFFFF);
          sum += (double) get(w.values(), i) * x[k];
        }
      }
      put(y, yAt + r, sum);
    }
  }

  @Override
  public void csrPanel(CsrArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    int blocks = w.blocks();
    for (int r = from; r < to; r++) {
      for (int l = 0; l < lanes; l++) {
        double sum = 0;
        for (int b = 0; b < blocks; b++) {
          int end = w.pointers().getInt(4 * (r * blocks + b + 1));
          for (int i = w.pointers().getInt(4 * (r * blocks + b)); i < end; i++) {
            int k = CsrArrays.base(b) + (w.columns().getShort(2 * i) & 0xFFFF);
            sum += (double) get(w.values(), i) * get(panel, k * lanes + l);
          }
        }
        tile[(r - from) * lanes + l] = (float) sum;
      }
    }
  }

  @Override
  public void sellGemv(
      SellArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    int windows = w.windows();
    for (int r = from; r < to; r++) {
      double sum = bias(bias, r);
      for (int v = 0; v < windows; v++) {
        int block = r / STRIP * windows + v;
        int end = w.starts().getInt(4 * (block + 1));
        for (int i = w.starts().getInt(4 * block); i < end; i++) {
          int slot = i * STRIP + r % STRIP;
          float value = get(w.values(), slot);
          if (value != 0f) {
            sum += (double) value * x[v * WINDOW + w.inputs().get(slot)];
          }
        }
      }
      put(y, yAt + r, sum);
    }
  }

  private static double bias(ByteBuffer bias, int r) {
    return bias == null ? 0 : get(bias, r);
  }

  private static float get(ByteBuffer buffer, int index) {
    return buffer.getFloat(4 * index);
  }

  private static void put(ByteBuffer buffer, int index, double value) {
    buffer.putFloat(4 * index, (float) value);
  }
}
