package dev.filigree.file;

import dev.filigree.kernel.Bf16;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * A tensor whose elements are read as float32: F32, F16 and BF16 exactly, I8 as whole numbers.
 * Elements are read where they lie, so a file of any size can be walked through.
 */
public final class FloatTensor {
  private final Tensor tensor;
  private final int width;
  private final long size;
  // All chunks but the last are of one size, a multiple of every width.
  private final long perChunk;

  private FloatTensor(Tensor tensor) {
    this.tensor = tensor;
    this.width = tensor.dtype().bits() / 8;
    this.size = tensor.bytes() / width;
    this.perChunk = Math.max(1, tensor.chunks().get(0).remaining() / width);
  }

  /** Whether elements of a type can be read as float32. */
  public static boolean isReadable(DType type) {
    return isFloat(type) || type == DType.I8;
  }

  /** Whether a type is one of the floating-point types that can be read and written. */
  public static boolean isFloat(DType type) {
    return type == DType.F32 || type == DType.F16 || type == DType.BF16;
  }

  /**
   * A view of a tensor.
   *
   * @throws FiligreeException FIL-0405 for a type that cannot be read as float32
   */
  public static FloatTensor of(Tensor tensor) {
    if (!isReadable(tensor.dtype())) {
      throw new FiligreeException(
          Message.FIL_0405,
          tensor.name(),
          "is of type " + tensor.dtype() + "; only F32, F16, BF16 and I8 are read as numbers");
    }
    return new FloatTensor(tensor);
  }

  /** How many elements there are. */
  public long size() {
    return size;
  }

  /**
   * Reads elements.
   *
   * @param from first element, row-major
   * @param out filled from its position to its limit; the position does not move
   */
  public void read(long from, FloatBuffer out) {
    int to = out.limit();
    long element = from;
    for (int at = out.position(); at < to; ) {
      ByteBuffer chunk = chunk(element);
      int first = (int) (element % perChunk);
      int count = Math.min(to - at, chunk.remaining() / width - first);
      if (count <= 0) {
        throw new IndexOutOfBoundsException("element " + element + " of " + size);
      }
      ByteBuffer bytes = chunk.slice().order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < count; i++) {
        out.put(at + i, value(bytes, first + i));
      }
      at += count;
      element += count;
    }
  }

  private ByteBuffer chunk(long element) {
    long index = element / perChunk;
    if (element < 0 || index >= tensor.chunks().size()) {
      throw new IndexOutOfBoundsException("element " + element + " of " + size);
    }
    return tensor.chunks().get((int) index);
  }

  private float value(ByteBuffer bytes, int i) {
    return switch (tensor.dtype()) {
      case F32 -> bytes.getFloat(4 * i);
      case F16 -> Half.toFloat(bytes.getShort(2 * i));
      case BF16 -> Bf16.toFloat(bytes.getShort(2 * i));
      default -> bytes.get(i);
    };
  }

  /**
   * Elements as bytes of a floating-point type, rounded to the nearest, ties to even.
   *
   * @param values from the position to the limit; the position does not move
   * @return little-endian, position 0
   * @throws FiligreeException FIL-0405 for another type
   */
  public static ByteBuffer encode(String name, DType type, FloatBuffer values) {
    if (!isFloat(type)) {
      throw new FiligreeException(
          Message.FIL_0405, name, "is of type " + type + "; only F32, F16 and BF16 are written");
    }
    int n = values.remaining();
    int base = values.position();
    ByteBuffer out =
        ByteBuffer.allocate(Math.multiplyExact(n, type.bits() / 8)).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < n; i++) {
      float v = values.get(base + i);
      switch (type) {
        case F32 -> out.putFloat(4 * i, v);
        case F16 -> out.putShort(2 * i, Half.of(v));
        default -> out.putShort(2 * i, Bf16.of(v));
      }
    }
    return out;
  }
}
