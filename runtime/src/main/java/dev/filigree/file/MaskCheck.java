package dev.filigree.file;

import dev.filigree.mask.Mask;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.pack.Part;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/** The masks of a file, against the digests in its descriptors and in the steps of its receipt. */
final class MaskCheck {
  private final List<String> broken = new ArrayList<>();
  private final Map<String, String> actual = new TreeMap<>();

  private MaskCheck() {}

  static MaskCheck of(PackedFile file) {
    MaskCheck check = new MaskCheck();
    Receipt receipt = file.receipt();
    for (Entry entry : file.entries()) {
      if (entry instanceof PackedEntry packed) {
        Mask mask = mask(packed, file.path());
        String found = mask.sha256();
        for (Joined.Member m : packed.members()) {
          check.actual.put(m.name(), mask.rows(m.first(), m.rows()).sha256());
        }
        if (!found.equals(packed.descriptor().maskSha256())) {
          check.broken.add(
              "tensor "
                  + packed.name()
                  + ": its zeros are not those of its mask; a step after pruning changed them");
        }
      } else if (entry instanceof DenseEntry dense
          && receipt.masks().containsKey(entry.name())
          && StoredMasks.canBeOf(dense.tensor())) {
        check.dense(dense.tensor(), file.path(), file::stored);
      }
    }
    check.broken.addAll(receipt.broken(check.actual));
    return check;
  }

  /** The same for a pruned file that is not packed: only its receipt says what must hold. */
  static MaskCheck of(ModelFiles model, Receipt receipt) {
    MaskCheck check = new MaskCheck();
    for (String name : receipt.masks().keySet()) {
      model
          .tensor(name)
          .filter(StoredMasks::canBeOf)
          .ifPresent(t -> check.dense(t, model.path(), model::tensor));
    }
    check.broken.addAll(receipt.broken(check.actual));
    return check;
  }

  private void dense(Tensor t, Path file, Function<String, Optional<Tensor>> tensors) {
    Mask mask = StoredMasks.orNonZeros(t, false, tensors, file);
    long violations = StoredMasks.violations(t, mask);
    if (violations > 0) {
      broken.add(
          "tensor %s: %s of its removed weights are not zero; a step after pruning changed them"
              .formatted(t.name(), violations));
    }
    actual.put(t.name(), mask.sha256());
  }

  List<String> broken() {
    return broken;
  }

  /**
   * What a packed matrix keeps.
   *
   * @throws FiligreeException FIL-0415 and as {@link PackedMatrices#fromParts} for parts that
   *     contradict each other
   */
  static Mask mask(PackedEntry e, Path file) {
    if (StoredBitmap.isStored(e)) {
      return StoredBitmap.read(e, file).mask();
    }
    return Mask.ofNonZeros(
        dense(e, file).asFloatBuffer(), e.descriptor().rows(), e.descriptor().cols());
  }

  /** A packed matrix of any format as float32, in native order. */
  static ByteBuffer dense(PackedEntry e, Path file) {
    Map<String, Part> parts = new LinkedHashMap<>();
    e.parts().forEach(p -> parts.put(p.suffix(), p));
    int rows = e.descriptor().rows();
    int cols = e.descriptor().cols();
    // The parts of an extremely sparse matrix are small however large the matrix claims to be.
    long count = (long) rows * cols;
    if (count > (Integer.MAX_VALUE - 1024) / 4
        || 4 * count > Runtime.getRuntime().maxMemory() / 2) {
      throw new FiligreeException(
          Message.FIL_0415,
          file,
          "tensor %s of %s x %s is too large to unpack here".formatted(e.name(), rows, cols));
    }
    try (PackedMatrix matrix =
        PackedMatrices.fromParts(e.descriptor().format(), rows, cols, parts)) {
      ByteBuffer dense =
          ByteBuffer.allocateDirect((int) (4 * count)).order(ByteOrder.nativeOrder());
      matrix.unpack(dense);
      return dense;
    }
  }
}
