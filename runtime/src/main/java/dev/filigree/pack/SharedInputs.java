package dev.filigree.pack;

import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.Execution;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Projections of the same input as one matrix: query, key and value of attention, or gate and up of
 * a feed-forward block. Their outputs lie one behind the other, [q|k|v], so one call computes all
 * of them; stored by inputs, [in][q|k|v], a skipped input skips one long contiguous row instead of
 * three short ones.
 *
 * <p>8-bit integers have one scale per input, which all projections share. Safe for any number of
 * threads.
 */
public final class SharedInputs implements AutoCloseable {
  private final StoredMatrix<?> matrix;

  /** Where every projection's outputs begin; one more for the end of the last. */
  private final int[] starts;

  private SharedInputs(StoredMatrix<?> matrix, int[] starts) {
    this.matrix = matrix;
    this.starts = starts;
  }

  /**
   * Packs projections, each direct, float32 [rows][inputs] in native order from position 0.
   *
   * @param format as {@link PackedMatrices} knows it; {@code columns} skips inputs
   * @throws FiligreeException FIL-0352 where a buffer does not hold whole rows, and what {@link
   *     PackedMatrices#of(String, ValueType, ByteBuffer, int, int)} throws
   */
  public static SharedInputs pack(
      String format, ValueType type, int inputs, List<ByteBuffer> projections) {
    int[] rows = new int[projections.size()];
    long bytes = 0;
    for (int i = 0; i < rows.length; i++) {
      int limit = projections.get(i).limit();
      if (inputs < 1 || limit == 0 || limit % (4L * inputs) != 0) {
        throw new FiligreeException(
            Message.FIL_0352, "projection " + i + " has " + limit / 4 + " weights", inputs);
      }
      rows[i] = (int) (limit / (4L * inputs));
      bytes += limit;
    }
    if (bytes > Integer.MAX_VALUE - 1024L) {
      throw new FiligreeException(Message.FIL_0312, bytes / (4L * inputs), inputs);
    }
    return of(
        PackedMatrices.of(
            format, type, joined(projections, (int) bytes), Arrays.stream(rows).sum(), inputs),
        rows);
  }

  private static ByteBuffer joined(List<ByteBuffer> projections, int bytes) {
    if (projections.size() == 1) {
      return projections.get(0);
    }
    ByteBuffer all = AlignedMemory.allocate(bytes);
    int at = 0;
    for (ByteBuffer p : projections) {
      all.put(at, p, 0, p.limit());
      at += p.limit();
    }
    return all;
  }

  /**
   * Projections that were packed as one matrix already; it is closed with this.
   *
   * @param matrix made by {@link PackedMatrices}
   * @param rows outputs of every projection, in order
   * @throws FiligreeException FIL-0352 where they are not as many as the matrix has
   */
  public static SharedInputs of(PackedMatrix matrix, int... rows) {
    int[] starts = new int[rows.length + 1];
    for (int i = 0; i < rows.length; i++) {
      starts[i + 1] = Math.addExact(starts[i], rows[i]);
    }
    boolean legal = rows.length > 0 && Arrays.stream(rows).allMatch(r -> r > 0);
    if (!legal || starts[rows.length] != matrix.rows()) {
      throw new FiligreeException(
          Message.FIL_0352, "projections have " + Arrays.toString(rows) + " outputs", matrix);
    }
    return new SharedInputs((StoredMatrix<?>) matrix, starts);
  }

  /** How many projections there are. */
  public int projections() {
    return starts.length - 1;
  }

  /** Outputs of one projection. */
  public int rows(int projection) {
    return starts[projection + 1] - starts[projection];
  }

  /** Where the outputs of one projection begin in a row of outputs. */
  public int start(int projection) {
    return starts[projection];
  }

  /** Outputs of all projections. */
  public int rows() {
    return matrix.rows();
  }

  /** Inputs. */
  public int inputs() {
    return matrix.cols();
  }

  /** All projections, stored as one matrix; still owned by this. */
  public PackedMatrix matrix() {
    return matrix;
  }

  /**
   * Y = X W^T + bias for all projections.
   *
   * @param x [batch][inputs]
   * @param bias [rows], those of all projections, or null
   * @param y [batch][rows], overwritten
   */
  public void multiply(ByteBuffer x, int batch, ByteBuffer bias, ByteBuffer y) {
    matrix.multiply(x, batch, bias, y);
  }

  /**
   * The same for one activation row whose inputs are skipped alike for all projections (TEAL).
   *
   * @param active at least {@code count} inputs, each from 0 to inputs - 1
   * @param y [rows], overwritten
   * @throws FiligreeException FIL-0351 where the matrix is not stored by inputs, FIL-0313 for an
   *     illegal count or input
   */
  public void multiplyActive(ByteBuffer x, int[] active, int count, ByteBuffer bias, ByteBuffer y) {
    columns().multiplyActive(x, active, count, bias, y);
  }

  /**
   * The same for one projection, which has a choice of inputs of its own (WINA).
   *
   * @param bias [rows], those of all projections, or null
   * @param y [rows], of which only this projection's outputs, from {@link #start} on, are written
   * @throws FiligreeException FIL-0351 where the matrix is not stored by inputs, FIL-0313 for an
   *     illegal count or input
   */
  public void multiplyActive(
      int projection, ByteBuffer x, int[] active, int count, ByteBuffer bias, ByteBuffer y) {
    ColumnsMatrix columns = columns();
    columns.checkActive(active, count);
    columns.activeOutputs(
        Execution.current(),
        Buffers.floats("x", x, inputs()),
        0,
        active,
        count,
        bias == null ? null : Buffers.floats("bias", bias, rows()),
        Buffers.writable("y", y, rows()),
        0,
        starts[projection],
        starts[projection + 1]);
  }

  /** The matrix, which must be stored by inputs. */
  ColumnsMatrix columns() {
    if (matrix instanceof ColumnsMatrix columns) {
      return columns;
    }
    throw new FiligreeException(
        Message.FIL_0351, "inputs", matrix, "its matrix as format " + ColumnsMatrix.FORMAT);
  }

  StoredMatrix<?> stored() {
    return matrix;
  }

  /** Frees the memory, see {@link PackedMatrix#close}. */
  @Override
  public void close() {
    matrix.close();
  }
}
