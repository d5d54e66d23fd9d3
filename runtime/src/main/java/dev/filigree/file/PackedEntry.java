package dev.filigree.file;

import dev.filigree.mask.Mask;
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

  /**
   * A matrix in format {@code bitmap}: what its mask keeps, zeros included. -0.0 becomes 0.0.
   *
   * @param dense F32, F16, BF16 or I8, [rows, cols], not empty; what the mask removes is zero
   * @param pattern as the command line writes it
   * @param spool where the parts wait until they are written
   */
  public static PackedEntry bitmap(Tensor dense, Mask mask, String pattern, Spool spool) {
    return StoredBitmap.pack(dense, mask, false, pattern, spool);
  }

  @Override
  public DType dtype() {
    return descriptor.dtype();
  }

  @Override
  public long[] shape() {
    return new long[] {descriptor.rows(), descriptor.cols()};
  }

  /** The tensors of the model it holds: itself, or several that are stored as one matrix. */
  public List<Joined.Member> members() {
    return Joined.members(name, descriptor);
  }

  @Override
  public long bytes() {
    return parts.stream().mapToLong(p -> p.data().limit()).sum();
  }
}
