package dev.filigree.file;

import dev.filigree.mask.Mask;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Function;

/**
 * Masks of weights, beside them in a dense file. Mask and zeros are not the same where a kept
 * weight is zero; only then a mask is stored: {@code filigree.mask.NAME}, U8, in the form of {@link
 * Mask#toBits}. A tensor of more than two dimensions is seen as [first, all others].
 */
public final class StoredMasks {
  private static final String PREFIX = "filigree.mask.";

  private StoredMasks() {}

  /** Whether a tensor is no weight but the mask of one. */
  public static boolean isMask(String name) {
    return name.startsWith(PREFIX);
  }

  /** The name under which the mask of a weight is stored. */
  public static String nameFor(String weight) {
    return PREFIX + weight;
  }

  /** Whether a tensor is one that a mask can be of; no other is looked into. */
  static boolean canBeOf(Tensor t) {
    long cols = 1;
    for (int i = 0; i < t.shape().length; i++) {
      cols *= i == 0 ? 1 : t.shape()[i];
      if (t.shape()[i] < 1 || t.shape()[i] > Integer.MAX_VALUE || cols > Integer.MAX_VALUE) {
        return false;
      }
    }
    return t.shape().length > 0 && RawElements.isReadable(t.dtype());
  }

  /** A mask as it is stored. */
  public static Tensor tensor(String weight, Mask mask) {
    byte[] bits = mask.toBits();
    return Tensor.of(nameFor(weight), DType.U8, new long[] {bits.length}, ByteBuffer.wrap(bits));
  }

  /**
   * The mask stored for a weight, if there is one.
   *
   * @param weight of one dimension or more
   * @param tensors finds a tensor of the same file by name
   * @param where the file, for messages
   * @throws FiligreeException FIL-0432 where what is stored cannot be its mask
   */
  public static Optional<Mask> of(
      Tensor weight, Function<String, Optional<Tensor>> tensors, Object where) {
    Optional<Tensor> stored = tensors.apply(nameFor(weight.name()));
    if (stored.isEmpty()) {
      return Optional.empty();
    }
    Tensor bits = stored.get();
    try {
      if (bits.dtype() != DType.U8) {
        throw new FiligreeException(
            Message.FIL_0405, bits.name(), "is of type " + bits.dtype() + ", not U8");
      }
      return Optional.of(Mask.ofBits(bits.data(), rows(weight), cols(weight)));
    } catch (FiligreeException | ArithmeticException e) {
      throw new FiligreeException(e, Message.FIL_0432, where, weight.name(), e.getMessage());
    }
  }

  /**
   * The mask of a weight: the stored one, else what is not zero.
   *
   * @param keepNegativeZero whether -0.0 counts as kept where no mask is stored
   */
  static Mask orNonZeros(
      Tensor weight,
      boolean keepNegativeZero,
      Function<String, Optional<Tensor>> tensors,
      Object where) {
    return of(weight, tensors, where).orElseGet(() -> nonZeros(weight, keepNegativeZero));
  }

  /** What is not zero in a matrix of 1, 2 or 4 bytes an element; NaN is not. */
  static Mask nonZeros(Tensor weight, boolean keepNegativeZero) {
    int rows = rows(weight);
    int cols = cols(weight);
    int negativeZero = keepNegativeZero ? 0 : RawElements.negativeZero(weight.dtype());
    RawElements elements = RawElements.of(weight);
    byte[] bits = new byte[Math.toIntExact(((long) rows * cols + 7) >>> 3)];
    int[] row = new int[cols];
    long at = 0;
    for (int r = 0; r < rows; r++) {
      elements.read((long) r * cols, row, cols);
      for (int c = 0; c < cols; c++, at++) {
        if (row[c] != 0 && row[c] != negativeZero) {
          bits[(int) (at >>> 3)] |= (byte) (0x80 >>> (at & 7));
        }
      }
    }
    return Mask.ofBits(ByteBuffer.wrap(bits), rows, cols);
  }

  /** How many removed weights are not zero; -0.0 is. */
  static long violations(Tensor weight, Mask mask) {
    int negativeZero = RawElements.negativeZero(weight.dtype());
    RawElements elements = RawElements.of(weight);
    int[] row = new int[mask.cols()];
    long count = 0;
    for (int r = 0; r < mask.rows(); r++) {
      elements.read((long) r * mask.cols(), row, mask.cols());
      for (int c = 0; c < mask.cols(); c++) {
        count += row[c] != 0 && row[c] != negativeZero && !mask.kept(r, c) ? 1 : 0;
      }
    }
    return count;
  }

  private static int rows(Tensor weight) {
    return Math.toIntExact(weight.shape()[0]);
  }

  private static int cols(Tensor weight) {
    long cols = 1;
    for (int i = 1; i < weight.shape().length; i++) {
      cols = Math.multiplyExact(cols, weight.shape()[i]);
    }
    return Math.toIntExact(cols);
  }
}
