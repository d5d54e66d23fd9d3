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
    ColumnsArrays arrays = acquire();
    try {
      gemv(arrays, on, inputs, 0, active, count, offsets, outputs, 0);
    } catch (IllegalStateException e) {
      throw freed(e);
    } finally {
      release();
    }
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
    try {
      on.workers()
          .run(
              to - from,
              16,
              1,
              (long) (to - from) * count,
              (first, end) ->
                  on.kernels()
                      .columns()
                      .gemv(arrays, active, count, x, xAt, bias, y, yAt, from + first, from + end));
    } catch (IllegalStateException e) {
      throw freed(e);
    } finally {
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
    try {
      on.workers()
          .run(
              to - from,
              32,
              4,
              (long) (to - from) * cols() * batch,
              (first, end) -> {
                int b = 0;
                for (; b + 4 <= batch; b += 4) {
                  on.kernels()
                      .columns()
                      .gemm4(arrays, x, b * cols(), bias, y, b * rows(), from + first, from + end);
                }
                for (; b < batch; b++) {
                  on.kernels()
                      .columns()
                      .gemv(
                          arrays,
                          null,
                          cols(),
                          x,
                          b * cols(),
                          bias,
                          y,
                          b * rows(),
                          from + first,
                          from + end);
                }
              });
    } catch (IllegalStateException e) {
      throw freed(e);
    } finally {
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
  void product(
      ColumnsArrays arrays, Execution on, ByteBuffer x, int batch, ByteBuffer bias, ByteBuffer y) {
    if (batch >= PANEL_BATCH) {
      Panels.multiply(
          on,
          rows(),
          cols(),
          nonZeros(),
          x,
          batch,
          bias,
          y,
          (panel, lanes, tile, from, to) ->
              on.kernels().columns().panel(arrays, panel, lanes, tile, from, to));
      return;
    }
    int b = 0;
    for (; b + 4 <= batch; b += 4) {
      int xAt = b * cols();
      int yAt = b * rows();
      on.workers()
          .run(
              rows(),
              32,
              4,
              4 * nonZeros(),
              (from, to) -> on.kernels().columns().gemm4(arrays, x, xAt, bias, y, yAt, from, to));
    }
    for (; b < batch; b++) {
      gemv(arrays, on, x, b * cols(), null, cols(), bias, y, b * rows());
    }
  }

  private void gemv(
      ColumnsArrays arrays,
      Execution on,
      ByteBuffer x,
      int xAt,
      int[] active,
      int count,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt) {
    // One part per thread: a part reads its piece of every active row, and long pieces read best.
    on.workers()
        .run(
            rows(),
            16,
            1,
            (long) rows() * count,
            (from, to) ->
                on.kernels().columns().gemv(arrays, active, count, x, xAt, bias, y, yAt, from, to));
  }

  @Override
  void unpackInto(ColumnsArrays arrays, ByteBuffer dense) {
    ColumnsPacking.unpack(arrays, dense);
  }
}
