package dev.filigree.djl;

import ai.djl.ndarray.NDArray;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.serve.PackedWeights;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The packed forms of one weight, each made when first asked for. A form is named as its format,
 * and with values of another type than float32 as format and type, {@code csr-bf16} for example.
 */
final class Forms {
  private static final String BF16 = "-" + ValueType.BF16.label();

  private final NDArray weight;
  private final int rows;
  private final int cols;
  private final Map<String, PackedMatrix> made = new LinkedHashMap<>();

  Forms(Binding layer) {
    this.weight = layer.weights().get(0).getArray();
    this.rows = Math.toIntExact(weight.getShape().get(0));
    this.cols = Math.toIntExact(weight.getShape().get(1));
  }

  NDArray weight() {
    return weight;
  }

  int rows() {
    return rows;
  }

  int cols() {
    return cols;
  }

  /** Bytes of all weights in float32. */
  long denseBytes() {
    return denseBytes(ValueType.F32);
  }

  /** Bytes of all weights in that type. */
  long denseBytes(ValueType type) {
    return (long) type.bytes() * rows * cols;
  }

  /** The name of a form. */
  static String name(String format, ValueType type) {
    return type == ValueType.F32 ? format : format + "-" + type.label();
  }

  /** The type of the values of a form. */
  static ValueType type(String form) {
    return form.endsWith(BF16) ? ValueType.BF16 : ValueType.F32;
  }

  /** The form of that name. */
  PackedMatrix get(String form) {
    ValueType type = type(form);
    String format = type == ValueType.F32 ? form : form.substring(0, form.length() - BF16.length());
    return made.computeIfAbsent(form, f -> PackedMatrices.of(format, type, values(), rows, cols));
  }

  /** Frees the forms that nothing is to be served by. */
  void closeExcept(Collection<PackedMatrix> serving) {
    made.values().stream().filter(m -> !serving.contains(m)).forEach(PackedMatrix::close);
    made.values().retainAll(serving);
  }

  /** Share of the weights that is zero. */
  double sparsity() {
    ByteBuffer values = values();
    long zeros = 0;
    for (int i = 0; i < rows * cols; i++) {
      zeros += values.getFloat(4 * i) == 0f ? 1 : 0;
    }
    return zeros / ((double) rows * cols);
  }

  private ByteBuffer values() {
    ByteBuffer b = weight.toByteBuffer(true).order(ByteOrder.nativeOrder());
    b.rewind();
    return b;
  }

  PackedWeights weights(Binding b, Map<Integer, PackedMatrix> byBatch) {
    return new PackedWeights(b, byBatch, rows, cols);
  }
}
