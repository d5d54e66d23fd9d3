package dev.filigree.pack;

import dev.filigree.kernel.Execution;
import dev.filigree.kernel.Kernels;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * Products with many activation rows: groups of up to 64 rows are transposed into panels
 * [cols][lanes], so that one weight meets a whole vector of activations, and chunks of outputs run
 * over all panels while their weights are in the cache.
 */
final class Panels {

  /** Activation rows that are transposed at a time; bounds the working memory. */
  private static final int SUPER = 256;

  /** Outputs per chunk. */
  private static final int CHUNK = 64;

  /** Computes tile[r - from][lane] for one panel. */
  @FunctionalInterface
  interface Product {
    void run(ByteBuffer panel, int lanes, float[] tile, int from, int to);
  }

  private Panels() {}

  /**
   * y = x W^T + bias.
   *
   * @param work multiply-adds for one activation row
   */
  static void multiply(
      Execution on,
      int rows,
      int cols,
      long work,
      ByteBuffer x,
      int batch,
      ByteBuffer bias,
      ByteBuffer y,
      Product product) {
    for (int b = 0; b < batch; b += SUPER) {
      multiplyRows(on, rows, cols, work, x, b, Math.min(batch, b + SUPER), bias, y, product);
    }
  }

  private static void multiplyRows(
      Execution on,
      int rows,
      int cols,
      long work,
      ByteBuffer x,
      int first,
      int end,
      ByteBuffer bias,
      ByteBuffer y,
      Product product) {
    int count = end - first;
    int lanesInAll = roundUp(count);
    FloatBuffer inputs = x.asFloatBuffer();
    FloatBuffer offsets = bias == null ? null : bias.asFloatBuffer();
    FloatBuffer outputs = y.asFloatBuffer();
    ByteBuffer memory = Scratch.local().panels(Math.multiplyExact(4 * lanesInAll, cols));
    on.workers()
        .run(
            cols,
            16,
            2,
            (long) cols * lanesInAll,
            (from, to) -> {
              for (int b = first; b < end; b += Kernels.MAX_PANEL_LANES) {
                FloatBuffer panel = panel(memory, b - first, count, cols).asFloatBuffer();
                fill(inputs, b, end, cols, panel, from, to);
              }
            });
    on.workers()
        .run(
            rows,
            4,
            8,
            work * count,
            (from, to) -> {
              float[] tile = Scratch.local().tile(CHUNK * Kernels.MAX_PANEL_LANES);
              for (int r = from; r < to; r += CHUNK) {
                int stop = Math.min(to, r + CHUNK);
                for (int b = first; b < end; b += Kernels.MAX_PANEL_LANES) {
                  int lanes = lanes(b, end);
                  product.run(panel(memory, b - first, count, cols), lanes, tile, r, stop);
                  int last = Math.min(end, b + lanes);
                  store(tile, lanes, b, last, offsets, outputs, rows, r, stop);
                }
              }
            });
  }

  /** The memory of the panel that starts with activation row b. */
  private static ByteBuffer panel(ByteBuffer memory, int b, int count, int cols) {
    return memory
        .slice(4 * b * cols, 4 * lanes(b, count) * cols)
        .order(java.nio.ByteOrder.nativeOrder());
  }

  private static int lanes(int b, int end) {
    return Math.min(Kernels.MAX_PANEL_LANES, roundUp(end - b));
  }

  private static int roundUp(int count) {
    return (count + Kernels.PANEL_LANES - 1) / Kernels.PANEL_LANES * Kernels.PANEL_LANES;
  }

  /** Transposes activation rows b to end (at most a panel full) for the inputs from to to. */
  private static void fill(
      FloatBuffer x, int b, int end, int cols, FloatBuffer panel, int from, int to) {
    int lanes = lanes(b, end);
    int used = Math.min(lanes, end - b);
    // A cache line of eight rows at a time: rows a power of two apart share few lines of the cache.
    for (int k0 = from; k0 < to; k0 += 16) {
      int k1 = Math.min(to, k0 + 16);
      for (int l0 = 0; l0 < used; l0 += 8) {
        int l1 = Math.min(used, l0 + 8);
        for (int k = k0; k < k1; k++) {
          int at = k * lanes;
          int source = b * cols + k;
          for (int l = l0; l < l1; l++) {
            panel.put(at + l, x.get(source + l * cols));
          }
        }
      }
      for (int k = k0; k < k1; k++) {
        for (int l = used; l < lanes; l++) {
          panel.put(k * lanes + l, 0f);
        }
      }
    }
  }

  private static void store(
      float[] tile,
      int lanes,
      int b,
      int end,
      FloatBuffer bias,
      FloatBuffer y,
      int rows,
      int from,
      int to) {
    int count = to - from;
    for (int l = b; l < end; l++) {
      int at = l * rows + from;
      int source = l - b;
      if (bias == null) {
        for (int r = 0; r < count; r++) {
          y.put(at + r, tile[source + r * lanes]);
        }
      } else {
        for (int r = 0; r < count; r++) {
          y.put(at + r, tile[source + r * lanes] + bias.get(from + r));
        }
      }
    }
  }
}
