package dev.filigree.decoder.serve;

import dev.filigree.kernel.Bf16;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.DenseMatrix;
import dev.filigree.pack.Part;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Rows of a dense matrix as the embeddings of ids: a tied head is stored once. */
final class EmbeddingTable {
  private final DenseMatrix matrix;
  private final ByteBuffer values;
  private final ByteBuffer scales;

  EmbeddingTable(DenseMatrix matrix) {
    this.matrix = matrix;
    List<Part> parts = matrix.parts();
    values = parts.get(0).data().duplicate().order(ByteOrder.nativeOrder());
    scales =
        parts.size() > 1 ? parts.get(1).data().duplicate().order(ByteOrder.nativeOrder()) : null;
  }

  /** Writes the embedding of an id. */
  void read(int id, float[] out, int at) {
    int dim = matrix.cols();
    int from = id * dim;
    ValueType type = matrix.valueType();
    for (int i = 0; i < dim; i++) {
      out[at + i] =
          switch (type) {
            case F32 -> values.getFloat(4 * (from + i));
            case BF16 -> Bf16.toFloat(values.getShort(2 * (from + i)));
            case INT8 -> values.get(from + i) * scales.getFloat(4 * id);
          };
    }
  }
}
