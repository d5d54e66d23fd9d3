package dev.filigree.decoder.gguf;

import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads metadata values: whole numbers as Long (BigInteger where that is too small), others as
 * Double, Boolean or String; arrays as {@code long[]}, {@code double[]}, {@code boolean[]} or List.
 */
final class GgufValues {
  // More ids than any vocabulary has; a hostile array of bytes would take eight times its size.
  private static final int MOST_ELEMENTS = 1 << 24;
  private static final int MOST_TEXT = 1 << 26;
  private static final int MOST_NESTING = 4;

  private GgufValues() {}

  private enum Kind {
    UINT8(1),
    INT8(1),
    UINT16(2),
    INT16(2),
    UINT32(4),
    INT32(4),
    FLOAT32(4),
    BOOL(1),
    STRING(8),
    ARRAY(12),
    UINT64(8),
    INT64(8),
    FLOAT64(8);

    private final int leastBytes;

    Kind(int leastBytes) {
      this.leastBytes = leastBytes;
    }

    static Kind read(GgufInput in) throws IOException {
      int id = in.int32();
      if (id < 0 || id >= values().length) {
        throw new IOException("a value has the unknown type " + Integer.toUnsignedString(id));
      }
      return values()[id];
    }
  }

  static Object read(GgufInput in) throws IOException {
    return value(in, Kind.read(in), 0);
  }

  private static Object value(GgufInput in, Kind kind, int nesting) throws IOException {
    return switch (kind) {
      case FLOAT32, FLOAT64 -> real(in, kind);
      case BOOL -> bool(in);
      case STRING -> in.text(MOST_TEXT);
      case ARRAY -> array(in, nesting + 1);
      case UINT64 -> {
        long value = in.int64();
        if (value >= 0) {
          yield value;
        }
        yield new BigInteger(Long.toUnsignedString(value));
      }
      default -> whole(in, kind);
    };
  }

  private static long whole(GgufInput in, Kind kind) throws IOException {
    return switch (kind) {
      case UINT8 -> in.int8() & 0xff;
      case INT8 -> in.int8();
      case UINT16 -> in.int16() & 0xffff;
      case INT16 -> in.int16();
      case UINT32 -> in.int32() & 0xffffffffL;
      case INT32 -> in.int32();
      default -> in.int64();
    };
  }

  private static double real(GgufInput in, Kind kind) throws IOException {
    return kind == Kind.FLOAT32 ? in.float32() : in.float64();
  }

  private static boolean bool(GgufInput in) throws IOException {
    byte value = in.int8();
    if (value != 0 && value != 1) {
      throw new IOException("a truth value is " + (value & 0xff) + "; legal: 0, 1");
    }
    return value == 1;
  }

  private static Object array(GgufInput in, int nesting) throws IOException {
    if (nesting > MOST_NESTING) {
      throw new IOException("arrays are nested more than " + MOST_NESTING + " deep");
    }
    Kind kind = Kind.read(in);
    int count = in.count("elements of an array", kind.leastBytes, MOST_ELEMENTS);
    switch (kind) {
      case FLOAT32, FLOAT64 -> {
        double[] out = new double[count];
        for (int i = 0; i < count; i++) {
          out[i] = real(in, kind);
        }
        return out;
      }
      case BOOL -> {
        boolean[] out = new boolean[count];
        for (int i = 0; i < count; i++) {
          out[i] = bool(in);
        }
        return out;
      }
      case STRING, ARRAY, UINT64 -> {
        List<Object> out = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          out.add(value(in, kind, nesting));
        }
        return out;
      }
      default -> {
        long[] out = new long[count];
        for (int i = 0; i < count; i++) {
          out[i] = whole(in, kind);
        }
        return out;
      }
    }
  }
}
