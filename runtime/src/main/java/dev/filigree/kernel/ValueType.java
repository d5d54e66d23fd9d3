package dev.filigree.kernel;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** How one stored weight is written; sums are in float32 whatever it is. */
public enum ValueType {
  /** IEEE 754 single precision. */
  F32(4, "F32"),
  /** The upper half of a float32: 8 bits of exponent, 7 of fraction. */
  BF16(2, "BF16"),
  /** Signed 8-bit integers from -127 to 127, times a float32 scale per output or per input. */
  INT8(1, "I8");

  private final int bytes;
  private final String dtype;

  ValueType(int bytes, String dtype) {
    this.bytes = bytes;
    this.dtype = dtype;
  }

  /** Bytes of one value. */
  public int bytes() {
    return bytes;
  }

  /** The safetensors name of the type. */
  public String dtype() {
    return dtype;
  }

  /** The name in settings, on the command line and in results: {@code f32}, {@code bf16}, int8. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The type of that label, if it is one. */
  public static Optional<ValueType> of(String label) {
    return Arrays.stream(values()).filter(t -> t.label().equals(label)).findFirst();
  }

  /** All labels, in the order of the types. */
  public static List<String> labels() {
    return Arrays.stream(values()).map(ValueType::label).toList();
  }
}
