package dev.filigree.pack;

import dev.filigree.kernel.Activation;
import dev.filigree.kernel.ValueType;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * An immutable weight matrix W [rows = outputs][cols = inputs] in one storage format, off heap and
 * aligned to 64 bytes.
 *
 * <p>Safe for any number of threads. All buffers are direct, in native byte order, float32 unless
 * said otherwise; data start at position 0 whatever the buffer's position is.
 *
 * <p>{@link #close} frees the memory of a matrix that was packed; one made from stored parts, a
 * mapped file for example, only lets go of them. A matrix nobody closes is freed when neither it
 * nor a view of its parts is reachable.
 */
public interface PackedMatrix extends AutoCloseable {

  /** The format's name, one of {@link PackedMatrices#formats}. */
  String format();

  /** How the stored weights are written. */
  ValueType valueType();

  /** Outputs. */
  int rows();

  /** Inputs. */
  int cols();

  /** Weights that are stored as kept; rows * cols for the dense formats. */
  long nonZeros();

  /** Bytes of the stored parts, alignment padding left out. */
  long bytes();

  /**
   * y = x W^T + bias.
   *
   * @param x inputs [batch][cols]
   * @param batch at least 1
   * @param bias [rows], or null
   * @param y outputs [batch][rows], overwritten
   * @throws dev.filigree.plan.FiligreeException FIL-0330 where the matrix is closed
   */
  void multiply(ByteBuffer x, int batch, ByteBuffer bias, ByteBuffer y);

  /**
   * y = f(x W^T + bias).
   *
   * @param f applied to every output
   * @throws dev.filigree.plan.FiligreeException FIL-0330 where the matrix is closed
   */
  void multiply(ByteBuffer x, int batch, ByteBuffer bias, Activation f, ByteBuffer y);

  /**
   * y = W x + bias for one activation row of which only some inputs count: the product of CATS,
   * TEAL and WINA. {@code columns} reads only the weights of the active inputs; the formats stored
   * by outputs read all their weights and multiply the row with zeros elsewhere.
   *
   * @param x [cols]; entries that are not active may hold anything, also NaN
   * @param active at least {@code count} inputs, each from 0 to cols - 1 and none twice, in any
   *     order
   * @param count how many inputs are active, 0 to cols
   * @param bias [rows], or null
   * @param y [rows], overwritten
   * @throws dev.filigree.plan.FiligreeException FIL-0313 for an illegal count or input, FIL-0330
   *     where the matrix is closed
   */
  void multiplyActive(ByteBuffer x, int[] active, int count, ByteBuffer bias, ByteBuffer y);

  /**
   * The stored arrays, in file order; a matrix of the same format, rows and cols can be made from
   * them again. Views of memory that {@link #close} frees: reading them afterwards throws {@link
   * IllegalStateException} on JDK 25 and still works on older JDKs.
   */
  List<Part> parts();

  /** Writes the dense matrix [rows][cols] with +0.0 for what is not stored. */
  void unpack(ByteBuffer dense);

  /**
   * Frees the memory: at once on JDK 25, by the garbage collector on older JDKs. Products of other
   * threads that have begun end as usual, and the last of them frees it; whatever begins afterwards
   * fails with FIL-0330. Shape and format stay known. Closing again does nothing.
   */
  @Override
  void close();

  /** Whether it was closed. */
  boolean isClosed();
}
