package dev.filigree.decoder;

import dev.filigree.file.DType;
import dev.filigree.file.FloatTensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes GGUF files, right ones and wrong ones. */
final class GgufWriter {
  static final int F32 = 0;
  static final int F16 = 1;
  static final int Q8 = 8;
  static final int BF16 = 30;

  /** Writes a value behind its type. */
  private interface Value {
    void write(Out out);
  }

  /** A growing little-endian file. */
  static final class Out {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Out put(long value, int width) {
      for (int i = 0; i < width; i++) {
        bytes.write((int) (value >>> 8 * i));
      }
      return this;
    }

    Out text(String text) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      put(utf8.length, 8);
      bytes.writeBytes(utf8);
      return this;
    }

    void raw(byte[] more) {
      bytes.writeBytes(more);
    }

    void align(int to) {
      while (bytes.size() % to != 0) {
        bytes.write(0);
      }
    }

    byte[] all() {
      return bytes.toByteArray();
    }
  }

  /** What the header says of a tensor; {@code dims} as the file has them, innermost first. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Info(String name, long[] dims, int type, long offset) {}

  private final Map<String, Value> metadata = new LinkedHashMap<>();
  private final List<Info> infos = new ArrayList<>();
  private final Out data = new Out();
  private int version = 3;
  private int alignment = 32;

  GgufWriter version(int number) {
    version = number;
    return this;
  }

  GgufWriter alignment(int bytes) {
    alignment = bytes;
    return u32("general.alignment", bytes);
  }

  GgufWriter text(String key, String value) {
    metadata.put(key, o -> o.put(8, 4).text(value));
    return this;
  }

  GgufWriter u32(String key, long value) {
    return number(key, 4, value, 4);
  }

  /** A whole number of any type. */
  GgufWriter number(String key, int type, long value, int width) {
    metadata.put(key, o -> o.put(type, 4).put(value, width));
    return this;
  }

  GgufWriter f32(String key, float value) {
    return number(key, 6, Float.floatToRawIntBits(value), 4);
  }

  GgufWriter f64(String key, double value) {
    return number(key, 12, Double.doubleToRawLongBits(value), 8);
  }

  GgufWriter flag(String key, boolean value) {
    return number(key, 7, value ? 1 : 0, 1);
  }

  GgufWriter texts(String key, List<String> values) {
    metadata.put(
        key,
        o -> {
          o.put(9, 4).put(8, 4).put(values.size(), 8);
          values.forEach(o::text);
        });
    return this;
  }

  GgufWriter i32s(String key, int... values) {
    metadata.put(
        key,
        o -> {
          o.put(9, 4).put(5, 4).put(values.length, 8);
          for (int v : values) {
            o.put(v, 4);
          }
        });
    return this;
  }

  GgufWriter f32s(String key, float... values) {
    metadata.put(
        key,
        o -> {
          o.put(9, 4).put(6, 4).put(values.length, 8);
          for (float v : values) {
            o.put(Float.floatToRawIntBits(v), 4);
          }
        });
    return this;
  }

  /** Any bytes as a value, its type among them. */
  GgufWriter raw(String key, byte[] value) {
    metadata.put(key, o -> o.raw(value));
    return this;
  }

  GgufWriter without(String key) {
    metadata.remove(key);
    return this;
  }

  /** A tensor; its shape outermost dimension first, as everywhere but in the file. */
  GgufWriter tensor(String name, int type, long[] shape, FloatBuffer values) {
    data.align(alignment);
    long[] dims = new long[shape.length];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = shape[dims.length - 1 - i];
    }
    infos.add(new Info(name, dims, type, data.bytes.size()));
    data.raw(encoded(type, values));
    return this;
  }

  /** What the header says of a tensor, whether there is one or not. */
  GgufWriter claim(String name, int type, long offset, long... dims) {
    infos.add(new Info(name, dims, type, offset));
    return this;
  }

  GgufWriter drop(String tensor) {
    infos.removeIf(i -> i.name.equals(tensor));
    return this;
  }

  static byte[] encoded(int type, FloatBuffer values) {
    return switch (type) {
      case F32 -> FloatTensor.encode("", DType.F32, values).array();
      case F16 -> FloatTensor.encode("", DType.F16, values).array();
      case BF16 -> FloatTensor.encode("", DType.BF16, values).array();
      case Q8 -> quantized(values);
      default -> throw new IllegalArgumentException("type " + type);
    };
  }

  /** Blocks of 32: the largest magnitude divided by 127 as F16, then whole multiples of it. */
  private static byte[] quantized(FloatBuffer values) {
    int n = values.remaining();
    ByteBuffer out = ByteBuffer.allocate(n / 32 * 34).order(ByteOrder.LITTLE_ENDIAN);
    for (int from = values.position(); from < values.limit(); from += 32) {
      float most = 0;
      for (int i = 0; i < 32; i++) {
        most = Math.max(most, Math.abs(values.get(from + i)));
      }
      float step = most / 127;
      out.put(FloatTensor.encode("", DType.F16, FloatBuffer.wrap(new float[] {step})));
      for (int i = 0; i < 32; i++) {
        out.put((byte) (step == 0 ? 0 : Math.round(values.get(from + i) / step)));
      }
    }
    return out.array();
  }

  byte[] bytes() {
    Out out = new Out();
    out.put(0x46554747, 4).put(version, 4).put(infos.size(), 8).put(metadata.size(), 8);
    metadata.forEach(
        (key, value) -> {
          out.text(key);
          value.write(out);
        });
    for (Info i : infos) {
      out.text(i.name).put(i.dims.length, 4);
      for (long d : i.dims) {
        out.put(d, 8);
      }
      out.put(i.type, 4).put(i.offset, 8);
    }
    out.align(alignment);
    out.raw(data.all());
    return out.all();
  }

  Path write(Path file) {
    try {
      return Files.write(file, bytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
