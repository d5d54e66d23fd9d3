package dev.filigree.pack;

import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.Kernels;
import dev.filigree.kernel.Workers;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Products with many activation rows: groups of up to 64 rows are transposed into panels
 * [cols][lanes], so that one weight meets a whole vector of activations, and chunks of outputs run
 * over all panels while their weights are in the cache. One object per calling thread.
 */
final class Panels {
  private static final ThreadLocal<Panels> LOCAL = ThreadLocal.withInitial(Panels::new);

  /** Panels that are filled at a time; bounds the working memory. */
  private static final int COUNT = 4;

  /** Outputs per chunk. */
  private static final int CHUNK = 64;

  /**
   * Computes tile[r - from][lane] for one panel; captures nothing.
   *
   * @param <A> the stored arrays
   */
  @FunctionalInterface
  interface Chunk<A> {
    void run(
        Kernels kernels, A arrays, ByteBuffer panel, int lanes, float[] tile, int from, int to);
  }

  private final Workers.Range filling = this::fill;
  private final Workers.Range products = this::multiply;
  private final ByteBuffer[] memory = new ByteBuffer[COUNT];
  private Product product;
  private Chunk<Object> chunk;
  private Object arrays;
  private int rows;
  private int cols;

  /** The activation rows that are in the panels now. */
  private int first;

  private int end;

  private Panels() {
    Arrays.fill(memory, AlignedMemory.allocate(0));
  }

  /**
   * Y = X W^T + bias.
   *
   * @param work multiply-adds for one activation row
   */
  @SuppressWarnings("unchecked")
  static <A> void multiply(StoredMatrix<A> matrix, A arrays, Product p, long work, Chunk<A> chunk) {
    Panels local = LOCAL.get();
    local.product = p;
    local.chunk = (Chunk<Object>) chunk;
    local.arrays = arrays;
    local.rows = matrix.rows();
    local.cols = matrix.cols();
    try {
      local.run(work);
    } finally {
      local.product = null;
      local.chunk = null;
      local.arrays = null;
    }
  }

  private void run(long work) {
    Workers workers = product.on().workers();
    int most = COUNT * Kernels.MAX_PANEL_LANES;
    for (int b = 0; b < product.batch; b += most) {
      first = b;
      end = Math.min(product.batch, b + most);
      int lanes = 0;
      for (int i = 0; start(i) < end; i++) {
        grow(i, Math.multiplyExact(4 * lanes(i), cols));
        lanes += lanes(i);
      }
      workers.run(cols, 16, 2, (long) cols * lanes, filling);
      workers.run(rows, 4, 8, work * (end - first), products);
    }
  }

  private void grow(int i, int bytes) {
    if (memory[i].capacity() < bytes) {
      memory[i] = AlignedMemory.allocate(bytes);
    }
  }

  /** The first activation row of a panel. */
  private int start(int panel) {
    return first + panel * Kernels.MAX_PANEL_LANES;
  }

  private int lanes(int panel) {
    int rounded =
        (end - start(panel) + Kernels.PANEL_LANES - 1) / Kernels.PANEL_LANES * Kernels.PANEL_LANES;
    return Math.min(Kernels.MAX_PANEL_LANES, rounded);
  }

  /** Transposes the inputs from to to of all activation rows. */
  private void fill(int from, int to) {
    for (int i = 0; start(i) < end; i++) {
      int lanes = lanes(i);
      int used = Math.min(lanes, end - start(i));
      fill(product.x, start(i) * cols, cols, memory[i], lanes, used, from, to);
    }
  }

  private static void fill(
      ByteBuffer x, int at, int cols, ByteBuffer panel, int lanes, int used, int from, int to) {
    // A cache line of eight rows at a time: rows a power of two apart share few lines of the cache.
    for (int k0 = from; k0 < to; k0 += 16) {
      int k1 = Math.min(to, k0 + 16);
      for (int l0 = 0; l0 < used; l0 += 8) {
        int l1 = Math.min(used, l0 + 8);
        for (int k = k0; k < k1; k++) {
          for (int l = l0; l < l1; l++) {
            panel.putInt(4 * (k * lanes + l), x.getInt(4 * (at + k + l * cols)));
          }
        }
      }
      for (int k = k0; k < k1; k++) {
        for (int l = used; l < lanes; l++) {
          panel.putInt(4 * (k * lanes + l), 0);
        }
      }
    }
  }

  /** The outputs from to to of all activation rows. */
  private void multiply(int from, int to) {
    float[] tile = Scratch.local().tile(CHUNK * Kernels.MAX_PANEL_LANES);
    for (int r = from; r < to; r += CHUNK) {
      int stop = Math.min(to, r + CHUNK);
      for (int i = 0; start(i) < end; i++) {
        int lanes = lanes(i);
        chunk.run(product.kernels, arrays, memory[i], lanes, tile, r, stop);
        int last = Math.min(end, start(i) + lanes);
        store(tile, lanes, start(i), last, product.bias, product.y, rows, r, stop);
      }
    }
  }

  private static void store(
      float[] tile,
      int lanes,
      int b,
      int end,
      ByteBuffer bias,
      ByteBuffer y,
      int rows,
      int from,
      int to) {
    int count = to - from;
    for (int l = b; l < end; l++) {
      int at = l * rows + from;
      int source = l - b;
      if (bias == null) {
        for (int r = 0; r < count; r++) {
          y.putFloat(4 * (at + r), tile[source + r * lanes]);
        }
      } else {
        for (int r = 0; r < count; r++) {
          y.putFloat(4 * (at + r), tile[source + r * lanes] + bias.getFloat(4 * (from + r)));
        }
      }
    }
  }
}
