package dev.filigree.djl.serve;

import dev.filigree.djl.torch.TorchDense;
import dev.filigree.pack.PackedMatrix;

/** What a Linear's weight can be stored as to serve it, besides the parameter itself. */
public sealed interface WeightForm extends AutoCloseable {

  /** A matrix of Filigree's. */
  record Packed(PackedMatrix matrix) implements WeightForm {
    @Override
    public long bytes() {
      return matrix.bytes();
    }

    @Override
    public void close() {
      matrix.close();
    }
  }

  /** libtorch's dense product in bfloat16. It is dense: no input is skipped for it. */
  record Torch(TorchDense product) implements WeightForm {
    @Override
    public long bytes() {
      return product.bytes();
    }

    @Override
    public void close() {
      product.close();
    }
  }

  /** Bytes of the stored weights. */
  long bytes();

  /** Frees the memory; what uses the form afterwards fails. */
  @Override
  void close();
}
