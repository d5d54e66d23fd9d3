package dev.filigree.pack;

import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.Execution;
import dev.filigree.kernel.Workers;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Format {@code dense}: every weight, [rows][cols]. Our own dense product, the honest rival of the
 * sparse formats; weights of zero are multiplied as IEEE 754 says.
 *
 * <p>Part: {@code values} F32 [rows, cols].
 */
public final class DenseMatrix extends StoredMatrix {
  static final String FORMAT = "dense";
  private final ByteBuffer values;

  private DenseMatrix(int rows, int cols, ByteBuffer values) {
    super(rows, cols, (long) rows * cols);
    this.values = values;
  }

  static DenseMatrix of(ByteBuffer dense, int rows, int cols) {
    ByteBuffer copy = AlignedMemory.allocate(4 * rows * cols);
    copy.put(0, dense, 0, copy.capacity());
    return new DenseMatrix(rows, cols, AlignedMemory.aligned(copy));
  }

  static DenseMatrix fromParts(int rows, int cols, PartReader parts) {
    return new DenseMatrix(rows, cols, parts.take("values", "F32", rows, cols));
  }

  @Override
  public String format() {
    return FORMAT;
  }

  @Override
  public List<Part> parts() {
    return List.of(part("values", "F32", values.duplicate().order(values.order()), rows(), cols()));
  }

  @Override
  void product(Execution on, ByteBuffer x, int batch, ByteBuffer bias, ByteBuffer y) {
    // Below four rows the transposition into a panel costs more than it brings.
    if (batch >= 4) {
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
              on.kernels().dense().panel(values, cols(), panel, lanes, tile, from, to));
      return;
    }
    Workers workers = on.workers();
    for (int b = 0; b < batch; b++) {
      int xAt = b * cols();
      int yAt = b * rows();
      workers.run(
          rows(),
          4,
          4,
          nonZeros(),
          (from, to) -> on.kernels().dense().gemv(values, cols(), x, xAt, bias, y, yAt, from, to));
    }
  }

  @Override
  void unpackInto(ByteBuffer dense) {
    // -0.0 has no place in a sparse format; all formats unpack to the same bits.
    for (int i = 0; i < values.limit(); i += 4) {
      int bits = values.getInt(i);
      dense.putInt(i, bits == Integer.MIN_VALUE ? 0 : bits);
    }
  }
}
