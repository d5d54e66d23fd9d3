package dev.filigree.djl;

import ai.djl.ndarray.NDArray;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.serve.PackedWeights;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** The packed forms of one weight, each made when first asked for. */
final class Forms {
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
    return 4L * rows * cols;
  }

  PackedMatrix get(String format) {
    return made.computeIfAbsent(format, f -> PackedMatrices.of(f, values(), rows, cols));
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
