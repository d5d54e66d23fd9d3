package dev.filigree.pack;

import dev.filigree.kernel.ColumnsArrays;
import dev.filigree.kernel.ColumnsPacking;
import dev.filigree.kernel.Execution;
import dev.filigree.kernel.ValueType;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Format {@code columns}: every weight, stored by inputs [cols][rows], so that an input that is
 * zero skips one contiguous stored row. Weights of zero are multiplied as IEEE 754 says; inputs
 * that are not active are not read at all.
 *
 * <p>Parts: {@code values} F32, BF16 or I8 [cols, rows]; for I8 also {@code scales} F32 [cols].
 */
public final class ColumnsMatrix extends StoredMatrix<ColumnsArrays> {
  static final String FORMAT = "columns";

  /** From this many activation rows on, transposing them into a panel pays. */
  private static final int PANEL_BATCH = 12;

  private static final Product.Part<ColumnsArrays> FOUR_ROWS =
      (w, p, from, to) -> fourRows(w, p, p.xAt, p.yAt, from, to);

  private static final Product.Part<ColumnsArrays> ALL_ROWS = ColumnsMatrix::allRows;

  private static final Panels.Chunk<ColumnsArrays> PANEL =
      (kernels, w, panel, lanes, tile, from, to) ->
          kernels.columns().panel(w, panel, lanes, tile, from, to);

  private ColumnsMatrix(ColumnsArrays arrays) {
    super(
        arrays,
        arrays.values().type(),
        arrays.rows(),
        arrays.cols(),
        (long) arrays.rows() * arrays.cols());
  }

  static ColumnsMatrix of(ByteBuffer dense, int rows, int cols, ValueType type) {
    return new ColumnsMatrix(ColumnsPacking.pack(dense, rows, cols, type));
  }

  static ColumnsMatrix fromParts(int rows, int cols, PartReader parts) {
    return new ColumnsMatrix(new ColumnsArrays(rows, cols, parts.values(cols, cols, rows)));
  }

  private static void row(ColumnsArrays w, Product p, int xAt, int yAt, int from, int to) {
    p.kernels.columns().gemv(w, null, 0, w.cols(), p.x, xAt, p.bias, p.y, yAt, from, to);
  }

  private static void fourRows(ColumnsArrays w, Product p, int xAt, int yAt, int from, int to) {
    p.kernels.columns().gemm4(w, p.x, xAt, p.bias, p.y, yAt, from, to);
  }

  private static void allRows(ColumnsArrays w, Product p, int from, int to) {
    int b = 0;
    for (; b + 4 <= p.batch; b += 4) {
      fourRows(w, p, b * w.cols(), b * w.rows(), p.first + from, p.first + to);
    }
    for (; b < p.batch; b++) {
      row(w, p, b * w.cols(), b * w.rows(), p.first + from, p.first + to);
    }
  }

  @Override
  public String format() {
    return FORMAT;
  }

  @Override
  List<Part> parts(ColumnsArrays arrays) {
    return valueParts(arrays.values(), cols(), rows());
  }

  /** Reads only the weights of the active inputs, in their order, which is that of the sums. */
  @Override
  public void multiplyActive(ByteBuffer x, int[] active, int count, ByteBuffer bias, ByteBuffer y) {
    multiplyActive(Execution.current(), x, active, count, bias, y);
  }

  @Override
  void multiplyActive(
      Execution on, ByteBuffer x, int[] active, int count, ByteBuffer bias, ByteBuffer y) {
    checkActive(active, count);
    ByteBuffer inputs = Buffers.floats("x", x, cols());
    ByteBuffer offsets = bias == null ? null : Buffers.floats("bias", bias, rows());
    ByteBuffer outputs = Buffers.writable("y", y, rows());
    activeOutputs(on, inputs, 0, active, count, offsets, outputs, 0, 0, rows());
  }

  /**
   * The product of {@link #multiplyActive} with checked arguments for the outputs {@code from} to
   * {@code to}; the others stay as they are.
   *
   * @param active the inputs to use, or null for all
   * @param xAt where the inputs begin, in floats
   * @param yAt where the outputs begin, in floats
   */
  void activeOutputs(
      Execution on,
      ByteBuffer x,
      int xAt,
      int[] active,
      int count,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    ColumnsArrays arrays = acquire();
    Product p = Product.begin(on, arrays, x, 1, bias, y);
    try {
      p.xAt = xAt;
      p.yAt = yAt;
      p.first = from;
      InputGroups.multiply(p, active, count, to - from);
    } catch (IllegalStateException e) {
      throw freed(e);
    } finally {
      p.end();
      release();
    }
  }

  /**
   * Outputs {@code from} to {@code to} of a few activation rows with checked arguments; the other
   * outputs stay as they are.
   */
  void outputs(
      Execution on, ByteBuffer x, int batch, ByteBuffer bias, ByteBuffer y, int from, int to) {
    ColumnsArrays arrays = acquire();
    Product p = Product.begin(on, arrays, x, batch, bias, y);
    try {
      p.first = from;
      if (batch == 1) {
        InputGroups.multiply(p, null, cols(), to - from);
      } else {
        p.split(to - from, 32, 4, (long) (to - from) * cols() * batch, ALL_ROWS);
      }
    } catch (IllegalStateException e) {
      throw freed(e);
    } finally {
      p.end();
      release();
    }
  }

  /** The Euclidean norm of the weights of every input, ||W[:,i]||, summed in double. */
  public double[] columnNorms() {
    ColumnsArrays arrays = acquire();
    try {
      return columnNorms(arrays);
    } catch (IllegalStateException e) {
      throw freed(e);
    } finally {
      release();
    }
  }

  private double[] columnNorms(ColumnsArrays arrays) {
    double[] norms = new double[cols()];
    for (int k = 0; k < norms.length; k++) {
      double sum = 0;
      for (int r = 0; r < rows(); r++) {
        double w = arrays.values().get(k * rows() + r, k);
        sum += w * w;
      }
      norms[k] = Math.sqrt(sum);
    }
    return norms;
  }

  @Override
  void product(ColumnsArrays arrays, Product p) {
    if (p.batch >= PANEL_BATCH) {
      Panels.multiply(this, arrays, p, nonZeros(), PANEL);
      return;
    }
    int b = 0;
    for (; b + 4 <= p.batch; b += 4) {
      p.xAt = b * cols();
      p.yAt = b * rows();
      p.split(rows(), 32, 4, 4 * nonZeros(), FOUR_ROWS);
    }
    for (; b < p.batch; b++) {
      p.xAt = b * cols();
      p.yAt = b * rows();
      InputGroups.multiply(p, null, cols(), rows());
    }
  }

  @Override
  void unpackInto(ColumnsArrays arrays, ByteBuffer dense) {
    ColumnsPacking.unpack(arrays, dense);
  }
}
