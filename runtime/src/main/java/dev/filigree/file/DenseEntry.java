package dev.filigree.file;

/**
 * A tensor stored as it was, bit for bit.
 *
 * @param tensor its bytes
 */
public record DenseEntry(Tensor tensor) implements Entry {
  @Override
  public String name() {
    return tensor.name();
  }

  @Override
  public DType dtype() {
    return tensor.dtype();
  }

  @Override
  public long[] shape() {
    return tensor.shape().clone();
  }

  @Override
  public long bytes() {
    return tensor.bytes();
  }
}
