package dev.filigree.pack;

import dev.filigree.kernel.Execution;
import dev.filigree.kernel.ValueType;
import dev.filigree.kernel.Values;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.List;

/** What all formats share: shape, checks of arguments, sizes. */
abstract class StoredMatrix implements PackedMatrix {
  private final int rows;
  private final int cols;
  private final long nonZeros;

  StoredMatrix(int rows, int cols, long nonZeros) {
    this.rows = rows;
    this.cols = cols;
    this.nonZeros = nonZeros;
  }

  @Override
  public ValueType valueType() {
    return ValueType.F32;
  }

  @Override
  public final int rows() {
    return rows;
  }

  @Override
  public final int cols() {
    return cols;
  }

  @Override
  public final long nonZeros() {
    return nonZeros;
  }

  @Override
  public final long bytes() {
    return parts().stream().mapToLong(p -> p.data().limit()).sum();
  }

  @Override
  public final void multiply(ByteBuffer x, int batch, ByteBuffer bias, ByteBuffer y) {
    multiply(Execution.current(), x, batch, bias, y);
  }

  /** {@link #multiply(ByteBuffer, int, ByteBuffer, ByteBuffer)} on chosen kernels and threads. */
  final void multiply(Execution on, ByteBuffer x, int batch, ByteBuffer bias, ByteBuffer y) {
    if (batch < 1) {
      throw new FiligreeException(Message.FIL_0304, batch);
    }
    // Offsets inside the kernels are ints that count floats.
    if ((long) batch * Math.max(rows, cols) > Integer.MAX_VALUE / 4) {
      throw new FiligreeException(Message.FIL_0312, batch, Math.max(rows, cols));
    }
    product(
        on,
        Buffers.floats("x", x, (long) batch * cols),
        batch,
        bias == null ? null : Buffers.floats("bias", bias, rows),
        Buffers.writable("y", y, (long) batch * rows));
  }

  /** The product with checked arguments: position 0, native order, large enough. */
  abstract void product(Execution on, ByteBuffer x, int batch, ByteBuffer bias, ByteBuffer y);

  @Override
  public final void unpack(ByteBuffer dense) {
    unpackInto(Buffers.writable("dense", dense, (long) rows * cols));
  }

  /** Writes all rows * cols weights into a checked buffer. */
  abstract void unpackInto(ByteBuffer dense);

  /** The part of that name. */
  static Part part(String suffix, String dtype, ByteBuffer data, long... shape) {
    return new Part(suffix, dtype, shape, data);
  }

  /** The parts {@code values} and, for integers, {@code scales}. */
  static List<Part> valueParts(Values values, long... shape) {
    Part data = part("values", values.type().dtype(), view(values.data()), shape);
    return values.scales() == null
        ? List.of(data)
        : List.of(data, part("scales", "F32", view(values.scales()), values.scales().limit() / 4));
  }

  /** A view of the same bytes, in the same order, that cannot be written to. */
  static ByteBuffer view(ByteBuffer buffer) {
    return buffer.asReadOnlyBuffer().order(buffer.order());
  }

  @Override
  public abstract List<Part> parts();

  @Override
  public final String toString() {
    return format() + " [" + rows + ", " + cols + "], " + nonZeros + " kept";
  }
}
