package dev.filigree.file;

import dev.filigree.mask.Mask;
import dev.filigree.plan.FiligreeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * What is in a model's file or files.
 *
 * @param bytes of all files
 * @param packed whether Filigree packed it
 * @param receipt what was done to it, empty where nobody wrote it down
 * @param tensors one per tensor of the model
 */
public record Inspection(long bytes, boolean packed, Receipt receipt, List<Row> tensors) {

  /**
   * One tensor.
   *
   * @param name in the model
   * @param shape dense
   * @param dtype dense
   * @param pattern of its mask, {@code dense} where nothing is removed, {@code -} where it is no
   *     matrix
   * @param sparsity share of zeros, 0 to 1; 0 for a tensor without elements
   * @param maskSparsity share its mask removes, where that is another one
   * @param format {@code dense}, or the packed format
   * @param bytes as stored, the stored mask included
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Row(
      String name,
      long[] shape,
      DType dtype,
      String pattern,
      double sparsity,
      OptionalDouble maskSparsity,
      String format,
      long bytes) {}

  /**
   * Reads everything once.
   *
   * @param path a safetensors file, packed or not, an index, a folder, or a packed directory
   * @throws FiligreeException as {@link ModelFiles#open} and {@link PackedFile#open}
   */
  public static Inspection of(Path path, Progress progress) {
    if (Files.isDirectory(path) && PackedDirectory.isOne(path)) {
      return packed(PackedDirectory.open(path).weights(), progress);
    }
    ModelFiles model = ModelFiles.open(path);
    if (!model.isSharded() && PackedFile.isPacked(model.files().get(0))) {
      return packed(PackedFile.of(model.files().get(0)), progress);
    }
    List<Row> rows = new ArrayList<>();
    for (Tensor t : model.tensors()) {
      progress.at("Reading", rows.size(), model.tensors().size());
      if (!StoredMasks.isMask(t.name())) {
        rows.add(dense(t, model::tensor, path));
      }
    }
    return new Inspection(model.bytes(), false, Receipt.in(model.metadata(), path), rows);
  }

  private static Inspection packed(PackedFile file, Progress progress) {
    List<Row> rows = new ArrayList<>();
    for (Entry e : file.entries()) {
      progress.at("Reading", rows.size(), file.entries().size());
      if (e instanceof PackedEntry p) {
        rows.add(packed(p, file.path()));
      } else if (e instanceof DenseEntry d && !StoredMasks.isMask(d.name())) {
        rows.add(dense(d.tensor(), file::stored, file.path()));
      }
    }
    return new Inspection(file.fileBytes(), true, file.receipt(), rows);
  }

  private static Row packed(PackedEntry e, Path file) {
    Descriptor d = e.descriptor();
    double removed;
    double zeros;
    if (StoredBitmap.isStored(e)) {
      StoredBitmap.Reading reading = StoredBitmap.read(e, file);
      Mask mask = reading.mask();
      removed = mask.sparsity();
      zeros = share((long) d.rows() * d.cols() - mask.keptCount() + reading.keptZeros(), e);
    } else {
      removed = MaskCheck.mask(e, file).sparsity();
      zeros = removed;
    }
    return new Row(
        e.name(),
        e.shape(),
        e.dtype(),
        d.pattern(),
        zeros,
        removed == zeros ? OptionalDouble.empty() : OptionalDouble.of(removed),
        d.format(),
        e.bytes());
  }

  private static double share(long zeros, PackedEntry e) {
    long count = (long) e.descriptor().rows() * e.descriptor().cols();
    return count == 0 ? 0 : zeros / (double) count;
  }

  private static Row dense(Tensor t, Function<String, Optional<Tensor>> tensors, Path file) {
    long count = Zeros.elements(t);
    double zeros = count == 0 ? 0 : Zeros.count(t) / (double) count;
    String pattern = "-";
    OptionalDouble removed = OptionalDouble.empty();
    long bytes = t.bytes();
    if (StoredBitmap.canHold(t)) {
      Optional<Mask> stored = StoredMasks.of(t, tensors, file);
      Mask mask = stored.orElseGet(() -> StoredMasks.nonZeros(t, false));
      pattern = Packing.found(mask);
      if (stored.isPresent()) {
        bytes += (mask.rows() * (long) mask.cols() + 7) / 8;
        removed =
            mask.sparsity() == zeros ? OptionalDouble.empty() : OptionalDouble.of(mask.sparsity());
      }
    }
    return new Row(t.name(), t.shape(), t.dtype(), pattern, zeros, removed, "dense", bytes);
  }
}
