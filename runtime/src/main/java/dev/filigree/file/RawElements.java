package dev.filigree.file;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The bits of a tensor's elements, of 1, 2 or 4 bytes each, whatever number they stand for. */
final class RawElements {
  private final Tensor tensor;
  private final int width;
  // All chunks but the last are of one size, a multiple of every width.
  private final long perChunk;

  private RawElements(Tensor tensor, int width) {
    this.tensor = tensor;
    this.width = width;
    this.perChunk = Math.max(1, tensor.chunks().get(0).remaining() / width);
  }

  static boolean isReadable(DType type) {
    return type.bits() == 8 || type.bits() == 16 || type.bits() == 32;
  }

  static RawElements of(Tensor tensor) {
    return new RawElements(tensor, tensor.dtype().bits() / 8);
  }

  /** The bits of -0.0 of a floating-point type; 0 where there is no such number. */
  static int negativeZero(DType type) {
    return switch (type) {
      case F32 -> 0x8000_0000;
      case F16, BF16 -> 0x8000;
      default -> 0;
    };
  }

  /** Reads {@code count} elements, the bits above their width zero. */
  void read(long from, int[] out, int count) {
    long element = from;
    for (int at = 0; at < count; ) {
      ByteBuffer chunk = tensor.chunks().get((int) (element / perChunk));
      int first = (int) (element % perChunk);
      int n = Math.min(count - at, chunk.remaining() / width - first);
      if (n <= 0) {
        throw new IndexOutOfBoundsException("element " + element + " of " + tensor.name());
      }
      ByteBuffer bytes =
          chunk.slice(chunk.position() + first * width, n * width).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < n; i++) {
        out[at + i] = get(bytes, i, width);
      }
      at += n;
      element += n;
    }
  }

  static int get(ByteBuffer bytes, int i, int width) {
    return switch (width) {
      case 1 -> bytes.get(i) & 0xFF;
      case 2 -> bytes.getShort(2 * i) & 0xFFFF;
      default -> bytes.getInt(4 * i);
    };
  }

  static void put(ByteBuffer bytes, int i, int width, int bits) {
    switch (width) {
      case 1 -> bytes.put(i, (byte) bits);
      case 2 -> bytes.putShort(2 * i, (short) bits);
      default -> bytes.putInt(4 * i, bits);
    }
  }
}
