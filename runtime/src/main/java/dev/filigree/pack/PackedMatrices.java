package dev.filigree.pack;

import dev.filigree.kernel.OwnedMemory;
import dev.filigree.kernel.StripShape;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Makes packed matrices from dense weights or from stored parts. */
public final class PackedMatrices {
  private static final List<String> FORMATS =
      List.of(
          DenseMatrix.FORMAT,
          ColumnsMatrix.FORMAT,
          BitmapMatrix.FORMAT,
          CsrMatrix.FORMAT,
          SellMatrix.FORMAT,
          StripShape.STRIP4X1.label(),
          StripShape.STRIP16X1.label(),
          StripShape.STRIP1X16.label());

  private PackedMatrices() {}

  /** The names of all formats. */
  public static List<String> formats() {
    return FORMATS;
  }

  /** Whether a format stores only what is kept; the others store every weight. */
  public static boolean isSparse(String format) {
    return !format.equals(DenseMatrix.FORMAT) && !format.equals(ColumnsMatrix.FORMAT);
  }

  /**
   * The strip formats whose blocks a pattern removes whole: those that waste nothing on it. The
   * largest blocks first, because they need the fewest positions.
   */
  public static List<String> strips(Pattern pattern) {
    return Stream.of(StripShape.STRIP16X1, StripShape.STRIP1X16, StripShape.STRIP4X1)
        .filter(s -> isRemovedWhole(s, pattern))
        .map(StripShape::label)
        .toList();
  }

  private static boolean isRemovedWhole(StripShape shape, Pattern pattern) {
    if (pattern instanceof Pattern.Block block) {
      return block.outputs() % shape.outputs() == 0 && block.inputs() % shape.inputs() == 0;
    }
    return (pattern instanceof Pattern.Row && shape.outputs() == 1)
        || (pattern instanceof Pattern.Channel && shape.inputs() == 1);
  }

  /**
   * Packs a copy of dense weights.
   *
   * <p>Kept is what is not zero after rounding to the type of stored values; zeros of both signs
   * are removed by the sparse formats.
   *
   * @param format one of {@link #formats}
   * @param dense direct, float32 [rows][cols] in native order from position 0
   * @throws FiligreeException FIL-0309 for an unknown format, FIL-0306 for an illegal shape,
   *     FIL-0308 for an unsuitable buffer, FIL-0312 where an array would exceed 2 GiB, FIL-0320 for
   *     weights that are not finite
   */
  public static PackedMatrix of(String format, ByteBuffer dense, int rows, int cols) {
    return of(format, ValueType.F32, dense, rows, cols);
  }

  /**
   * The same with another type of stored values; weights are rounded to the nearest value of the
   * type.
   *
   * @throws FiligreeException also FIL-0315 where the format does not hold that type
   */
  public static PackedMatrix of(
      String format, ValueType type, ByteBuffer dense, int rows, int cols) {
    checkShape(rows, cols, 4L * rows * cols);
    if (dense.limit() < 4L * rows * cols) {
      throw new FiligreeException(Message.FIL_0306, rows, cols, dense.limit() / 4);
    }
    ByteBuffer weights = Buffers.floats("dense", dense, (long) rows * cols);
    FiniteWeights.check(weights, rows, cols, type);
    try {
      return OwnedMemory.collect(() -> pack(format, type, weights, rows, cols));
    } catch (ArithmeticException e) {
      throw new FiligreeException(e, Message.FIL_0312, rows, cols);
    }
  }

  private static PackedMatrix pack(
      String format, ValueType type, ByteBuffer weights, int rows, int cols) {
    return switch (format) {
      case DenseMatrix.FORMAT -> DenseMatrix.of(weights, rows, cols, type);
      case ColumnsMatrix.FORMAT -> ColumnsMatrix.of(weights, rows, cols, type);
      case BitmapMatrix.FORMAT -> BitmapMatrix.of(weights, rows, cols, type);
      case CsrMatrix.FORMAT -> CsrMatrix.of(weights, rows, cols, type);
      case SellMatrix.FORMAT -> SellMatrix.of(weights, rows, cols, type);
      default -> StripMatrix.of(strip(format), weights, rows, cols, type);
    };
  }

  /**
   * Makes a matrix from the arrays that {@link PackedMatrix#parts} gave. Everything is checked
   * before it is used. Aligned direct buffers are used as they are and must neither change nor be
   * freed afterwards; others are copied.
   *
   * @param parts by suffix
   * @throws FiligreeException FIL-0309 for an unknown format, FIL-0306 for an illegal shape,
   *     FIL-0310 for a part that is missing or has the wrong type or size, FIL-0311 for content
   *     that contradicts itself, FIL-0312 where an array would exceed 2 GiB
   */
  public static PackedMatrix fromParts(String format, int rows, int cols, Map<String, Part> parts) {
    checkShape(rows, cols, 0);
    PartReader reader = new PartReader(format, parts);
    try {
      return OwnedMemory.collect(() -> read(format, rows, cols, reader));
    } catch (IllegalStateException e) {
      throw new FiligreeException(e, Message.FIL_0331, "format " + format, e.getMessage());
    } catch (ArithmeticException e) {
      throw new FiligreeException(e, Message.FIL_0312, rows, cols);
    }
  }

  private static PackedMatrix read(String format, int rows, int cols, PartReader reader) {
    return switch (format) {
      case DenseMatrix.FORMAT -> DenseMatrix.fromParts(rows, cols, reader);
      case ColumnsMatrix.FORMAT -> ColumnsMatrix.fromParts(rows, cols, reader);
      case BitmapMatrix.FORMAT -> BitmapMatrix.fromParts(rows, cols, reader);
      case CsrMatrix.FORMAT -> CsrMatrix.fromParts(rows, cols, reader);
      case SellMatrix.FORMAT -> SellMatrix.fromParts(rows, cols, reader);
      default -> StripMatrix.fromParts(strip(format), rows, cols, reader);
    };
  }

  /**
   * Refuses weights that no format takes.
   *
   * @param dense direct, float32 [rows][cols] in native order from position 0
   * @throws FiligreeException FIL-0320 where one is not finite
   */
  public static void requireFinite(ByteBuffer dense, int rows, int cols) {
    FiniteWeights.check(dense, rows, cols, ValueType.F32);
  }

  private static void checkShape(int rows, int cols, long bytes) {
    if (rows < 0 || cols < 0) {
      throw new FiligreeException(Message.FIL_0306, rows, cols, "no");
    }
    // Arrays are direct buffers, which end at 2 GiB; some room is left for alignment.
    if (bytes > Integer.MAX_VALUE - 1024L) {
      throw new FiligreeException(Message.FIL_0312, rows, cols);
    }
  }

  private static StripShape strip(String format) {
    return StripMatrix.shape(format).orElseThrow(() -> unknown(format));
  }

  private static FiligreeException unknown(String format) {
    return new FiligreeException(Message.FIL_0309, format, String.join(", ", FORMATS));
  }
}
