package dev.filigree.file;

import dev.filigree.pack.Part;
import java.util.List;

/**
 * A weight matrix stored in a packed format.
 *
 * @param name the tensor's name in the model
 * @param descriptor what the parts mean
 * @param parts the stored arrays, in the format's order; views of the file when read
 */
public record PackedEntry(String name, Descriptor descriptor, List<Part> parts) implements Entry {
  @Override
  public DType dtype() {
    return descriptor.dtype();
  }

  @Override
  public long[] shape() {
    return new long[] {descriptor.rows(), descriptor.cols()};
  }

  @Override
  public long bytes() {
    return parts.stream().mapToLong(p -> p.data().limit()).sum();
  }
}
