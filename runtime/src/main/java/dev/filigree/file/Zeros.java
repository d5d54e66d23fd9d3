package dev.filigree.file;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Counts zeros, of both signs where a type has two. */
final class Zeros {
  private Zeros() {}

  /** How many elements there are. */
  static long elements(Tensor t) {
    return t.bytes() * 8 / t.dtype().bits();
  }

  static long count(Tensor t) {
    long count = 0;
    for (ByteBuffer chunk : t.chunks()) {
      ByteBuffer bytes = chunk.slice().order(ByteOrder.LITTLE_ENDIAN);
      count += t.dtype().bits() < 8 ? countBits(t.dtype(), bytes) : countBytes(t.dtype(), bytes);
    }
    return count;
  }

  private static long countBytes(DType type, ByteBuffer bytes) {
    int width = type.bits() / 8;
    long ignored = ignored(type);
    long count = 0;
    for (int i = 0; i < bytes.limit() / width; i++) {
      long bits =
          switch (width) {
            case 1 -> bytes.get(i) & 0xFFL;
            case 2 -> bytes.getShort(2 * i) & 0xFFFFL;
            case 4 -> bytes.getInt(4 * i) & 0xFFFF_FFFFL;
            default -> bytes.getLong(8 * i);
          };
      count += (bits & ~ignored) == 0 && type != DType.F8_E8M0 ? 1 : 0;
    }
    return count;
  }

  // Elements lie in the bytes from the lowest bit on.
  private static long countBits(DType type, ByteBuffer bytes) {
    int width = type.bits();
    long ignored = 1L << (width - 1);
    long count = 0;
    for (long at = 0; at < 8L * bytes.limit(); at += width) {
      int first = (int) (at >>> 3);
      int two =
          bytes.get(first) & 0xFF
              | (first + 1 < bytes.limit() ? (bytes.get(first + 1) & 0xFF) << 8 : 0);
      long bits = two >>> (at & 7) & ((1L << width) - 1);
      count += (bits & ~ignored) == 0 ? 1 : 0;
    }
    return count;
  }

  /** The signs of zeros. */
  private static long ignored(DType type) {
    return switch (type) {
      case F8_E5M2, F8_E4M3 -> 0x80;
      case F16, BF16 -> 0x8000;
      case F32 -> 0x8000_0000L;
      case F64 -> Long.MIN_VALUE;
      case C64 -> 0x8000_0000_8000_0000L;
      default -> 0;
    };
  }
}
