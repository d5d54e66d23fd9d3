package dev.filigree.pack;

import dev.filigree.kernel.DenseArrays;
import dev.filigree.kernel.DensePacking;
import dev.filigree.kernel.Execution;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Format {@code dense}: every weight, [rows][cols]. Our own dense product, the honest rival of the
 * sparse formats; weights of zero are multiplied as IEEE 754 says.
 *
 * <p>Parts: {@code values} F32, BF16 or I8 [rows, cols]; for I8 also {@code scales} F32 [rows].
 */
public final class DenseMatrix extends StoredMatrix<DenseArrays> {
  static final String FORMAT = "dense";

  private static final Product.Part<DenseArrays> ROW =
      (w, p, from, to) -> p.kernels.dense().gemv(w, p.x, p.xAt, p.bias, p.y, p.yAt, from, to);

  private static final Product.Part<DenseArrays> CHOSEN =
      (w, p, from, to) -> p.kernels.dense().rows(w, p.active, p.x, 0, p.bias, p.y, 0, from, to);

  private static final Panels.Chunk<DenseArrays> PANEL =
      (kernels, w, panel, lanes, tile, from, to) ->
          kernels.dense().panel(w, panel, lanes, tile, from, to);

  private DenseMatrix(DenseArrays arrays) {
    super(
        arrays,
        arrays.values().type(),
        arrays.rows(),
        arrays.cols(),
        (long) arrays.rows() * arrays.cols());
  }

  static DenseMatrix of(ByteBuffer dense, int rows, int cols, ValueType type) {
    return new DenseMatrix(DensePacking.pack(dense, rows, cols, type));
  }

  static DenseMatrix fromParts(int rows, int cols, PartReader parts) {
    return new DenseMatrix(new DenseArrays(rows, cols, parts.values(rows, rows, cols)));
  }

  @Override
  public String format() {
    return FORMAT;
  }

  @Override
  List<Part> parts(DenseArrays arrays) {
    return valueParts(arrays.values(), rows(), cols());
  }

  /**
   * y = W x + bias for one activation row and chosen outputs, reading only their weights: the up
   * projection of CATS. The bits of a chosen output are those that {@link #multiply} gives.
   *
   * @param x [cols]
   * @param outputs at least {@code count} outputs, each from 0 to rows - 1, in any order;
   *     increasing reads best
   * @param count how many outputs are wanted, 0 to rows
   * @param bias [rows], or null
   * @param y [rows], overwritten; +0.0 for the other outputs
   * @throws FiligreeException FIL-0316 for an illegal count or output, FIL-0330 where the matrix is
   *     closed
   */
  public void multiplyRows(ByteBuffer x, int[] outputs, int count, ByteBuffer bias, ByteBuffer y) {
    multiplyRows(Execution.current(), x, outputs, count, bias, y);
  }

  void multiplyRows(
      Execution on, ByteBuffer x, int[] outputs, int count, ByteBuffer bias, ByteBuffer y) {
    if (count < 0 || count > outputs.length || count > rows()) {
      throw new FiligreeException(
          Message.FIL_0316, "count is " + count, "0 to " + Math.min(outputs.length, rows()));
    }
    for (int i = 0; i < count; i++) {
      if (outputs[i] < 0 || outputs[i] >= rows()) {
        throw new FiligreeException(
            Message.FIL_0316, "output " + i + " is " + outputs[i], "0 to " + (rows() - 1));
      }
    }
    ByteBuffer inputs = Buffers.floats("x", x, cols());
    ByteBuffer offsets = bias == null ? null : Buffers.floats("bias", bias, rows());
    ByteBuffer to = Buffers.writable("y", y, rows());
    Buffers.zero(to, rows());
    chosenRows(on, inputs, outputs, count, offsets, to);
  }

  /**
   * The product of {@link #multiplyRows} with checked arguments; other outputs stay as they are.
   */
  void chosenRows(
      Execution on, ByteBuffer x, int[] outputs, int count, ByteBuffer bias, ByteBuffer y) {
    DenseArrays arrays = acquire();
    Product p = Product.begin(on, arrays, x, 1, bias, y);
    try {
      p.active = outputs;
      p.split(count, 4, 4, (long) count * cols(), CHOSEN);
    } catch (IllegalStateException e) {
      throw freed(e);
    } finally {
      p.end();
      release();
    }
  }

  @Override
  void product(DenseArrays arrays, Product p) {
    // Below four rows the transposition into a panel costs more than it brings.
    if (p.batch >= 4) {
      Panels.multiply(this, arrays, p, nonZeros(), PANEL);
      return;
    }
    for (int b = 0; b < p.batch; b++) {
      p.xAt = b * cols();
      p.yAt = b * rows();
      p.split(rows(), 4, 4, nonZeros(), ROW);
    }
  }

  @Override
  void unpackInto(DenseArrays arrays, ByteBuffer dense) {
    int cols = cols();
    for (int r = 0; r < rows(); r++) {
      for (int i = r * cols; i < (r + 1) * cols; i++) {
        dense.putInt(4 * i, arrays.values().bits(i, r));
      }
    }
  }
}
