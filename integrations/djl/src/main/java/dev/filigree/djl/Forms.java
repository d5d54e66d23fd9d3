package dev.filigree.djl;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.serve.Dispatch;
import dev.filigree.djl.serve.PackedWeights;
import dev.filigree.djl.serve.WeightForm;
import dev.filigree.djl.torch.TorchDense;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The forms of one weight, each made when first asked for. A packed form is named as its format,
 * and with values of another type than float32 as format and type, {@code csr-bf16} for example;
 * libtorch's dense product in bfloat16 is {@link TorchDense#NAME}.
 */
final class Forms {
  private static final String BF16 = "-" + ValueType.BF16.label();

  private final NDArray weight;
  private final NDArray bias;
  private final int rows;
  private final int cols;
  private final Map<String, WeightForm> made = new LinkedHashMap<>();

  Forms(Binding layer) {
    this.weight = layer.weights().get(0).getArray();
    this.bias = layer.bias().filter(Parameter::isInitialized).map(Parameter::getArray).orElse(null);
    this.rows = Math.toIntExact(weight.getShape().get(0));
    this.cols = Math.toIntExact(weight.getShape().get(1));
  }

  NDArray weight() {
    return weight;
  }

  /** The bias, or null. */
  NDArray bias() {
    return bias;
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
  WeightForm get(String form) {
    return made.computeIfAbsent(
        form,
        f ->
            f.equals(TorchDense.NAME)
                ? new WeightForm.Torch(torch(1))
                : new WeightForm.Packed(matrix(f)));
  }

  private PackedMatrix matrix(String form) {
    ValueType type = type(form);
    String format = type == ValueType.F32 ? form : form.substring(0, form.length() - BF16.length());
    return PackedMatrices.of(format, type, values(), rows, cols);
  }

  /** libtorch's product with so many copies of the weights, which the caller closes. */
  TorchDense torch(int copies) {
    return Dispatch.bypassed(() -> TorchDense.of(weight, bias, copies));
  }

  /** What libtorch says, without its stack. */
  static String firstLine(EngineException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason given");
  }

  /** Frees the forms that nothing is to be served by. */
  void closeExcept(Collection<WeightForm> serving) {
    made.values().stream().filter(m -> !serving.contains(m)).forEach(WeightForm::close);
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

  PackedWeights weights(Binding b, Map<Integer, WeightForm> byBatch) {
    return new PackedWeights(b, byBatch, rows, cols);
  }
}
