package dev.filigree.pack;

import dev.filigree.kernel.Activation;
import dev.filigree.kernel.Execution;
import dev.filigree.kernel.OwnedMemory;
import dev.filigree.kernel.ValueType;
import dev.filigree.kernel.Values;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * What all formats share: shape, checks of arguments, sizes, and when the memory is freed.
 *
 * @param <A> the stored arrays; every use of them is between {@link #acquire} and {@link #release}
 */
abstract class StoredMatrix<A> implements PackedMatrix {
  private final Lifetime<A> life;
  private final ValueType type;
  private final int rows;
  private final int cols;
  private final long nonZeros;

  StoredMatrix(A arrays, ValueType type, int rows, int cols, long nonZeros) {
    this.life = new Lifetime<>(arrays, OwnedMemory.current());
    this.type = type;
    this.rows = rows;
    this.cols = cols;
    this.nonZeros = nonZeros;
  }

  @Override
  public final ValueType valueType() {
    return type;
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
    ByteBuffer inputs = Buffers.floats("x", x, (long) batch * cols);
    ByteBuffer offsets = bias == null ? null : Buffers.floats("bias", bias, rows);
    ByteBuffer outputs = Buffers.writable("y", y, (long) batch * rows);
    A arrays = acquire();
    Product p = Product.begin(on, arrays, inputs, batch, offsets, outputs);
    try {
      product(arrays, p);
    } catch (IllegalStateException e) {
      throw freed(e);
    } finally {
      p.end();
      release();
    }
  }

  @Override
  public final void multiply(ByteBuffer x, int batch, ByteBuffer bias, Activation f, ByteBuffer y) {
    multiply(Execution.current(), x, batch, bias, f, y);
  }

  /** The same on chosen kernels and threads. */
  final void multiply(
      Execution on, ByteBuffer x, int batch, ByteBuffer bias, Activation f, ByteBuffer y) {
    multiply(on, x, batch, bias, y);
    Elementwise.apply(on, f, Buffers.writable("y", y, (long) batch * rows), batch * rows);
  }

  /** The product with checked arguments: position 0, native order, large enough. */
  abstract void product(A arrays, Product p);

  @Override
  public void multiplyActive(ByteBuffer x, int[] active, int count, ByteBuffer bias, ByteBuffer y) {
    multiplyActive(Execution.current(), x, active, count, bias, y);
  }

  /** The same on chosen kernels and threads; formats stored by inputs do better. */
  void multiplyActive(
      Execution on, ByteBuffer x, int[] active, int count, ByteBuffer bias, ByteBuffer y) {
    checkActive(active, count);
    ByteBuffer inputs = Buffers.floats("x", x, cols);
    multiply(on, MaskedInputs.of(inputs, cols, active, count), 1, bias, y);
  }

  /**
   * Checks a list of active inputs.
   *
   * @throws FiligreeException FIL-0313 for an illegal count or input
   */
  final void checkActive(int[] active, int count) {
    if (count < 0 || count > active.length || count > cols) {
      throw new FiligreeException(
          Message.FIL_0313, "count is " + count, "0 to " + Math.min(active.length, cols));
    }
    for (int i = 0; i < count; i++) {
      if (active[i] < 0 || active[i] >= cols) {
        throw new FiligreeException(
            Message.FIL_0313, "input " + i + " is " + active[i], "0 to " + (cols - 1));
      }
    }
  }

  @Override
  public final void unpack(ByteBuffer dense) {
    ByteBuffer target = Buffers.writable("dense", dense, (long) rows * cols);
    A arrays = acquire();
    try {
      unpackInto(arrays, target);
    } catch (IllegalStateException e) {
      throw freed(e);
    } finally {
      release();
    }
  }

  /** Writes all rows * cols weights into a checked buffer. */
  abstract void unpackInto(A arrays, ByteBuffer dense);

  @Override
  public final List<Part> parts() {
    A arrays = acquire();
    try {
      return parts(arrays);
    } finally {
      release();
    }
  }

  /** The stored arrays, in file order. */
  abstract List<Part> parts(A arrays);

  /**
   * The arrays, which stay until {@link #release}.
   *
   * @throws FiligreeException FIL-0330 where the matrix is closed
   */
  final A acquire() {
    A arrays = life.acquire();
    if (arrays == null) {
      throw new FiligreeException(Message.FIL_0330, this);
    }
    return arrays;
  }

  /** Ends what {@link #acquire} began. */
  final void release() {
    life.release();
  }

  /** What a product throws where memory it was given was freed under it. */
  final FiligreeException freed(IllegalStateException e) {
    return new FiligreeException(e, Message.FIL_0331, this, e.getMessage());
  }

  @Override
  public final void close() {
    life.close();
  }

  @Override
  public final boolean isClosed() {
    return life.isClosed();
  }

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
  public final String toString() {
    return format() + " [" + rows + ", " + cols + "], " + nonZeros + " kept";
  }
}
