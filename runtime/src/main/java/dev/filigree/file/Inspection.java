package dev.filigree.file;

import dev.filigree.mask.Mask;
import dev.filigree.pack.PackedMatrices;
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
      if (!StoredRemainders.isBeside(t.name())) {
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
        rows.addAll(packed(p, file.path()));
      } else if (e instanceof DenseEntry d && !StoredRemainders.isBeside(d.name())) {
        rows.add(dense(d.tensor(), file::stored, file.path()));
      }
    }
    return new Inspection(file.fileBytes(), true, file.receipt(), rows);
  }

  private static List<Row> packed(PackedEntry e, Path file) {
    Descriptor d = e.descriptor();
    Mask mask;
    long keptZeros = 0;
    if (StoredBitmap.isStored(e)) {
      StoredBitmap.Reading reading = StoredBitmap.read(e, file);
      mask = reading.mask();
      keptZeros = reading.keptZeros();
    } else {
      mask = MaskCheck.mask(e, file);
    }
    List<Joined.Member> members = e.members();
    if (members.size() > 1) {
      return joined(e, members, mask);
    }
    double removed = mask.sparsity();
    double zeros = share((long) d.rows() * d.cols() - mask.keptCount() + keptZeros, e);
    return List.of(
        new Row(
            members.get(0).name(),
            e.shape(),
            e.dtype(),
            d.pattern(),
            zeros,
            removed == zeros ? OptionalDouble.empty() : OptionalDouble.of(removed),
            d.format(),
            e.bytes()));
  }

  /** Bytes of joined tensors are shared by what each keeps, or by size where all is stored. */
  private static List<Row> joined(PackedEntry e, List<Joined.Member> members, Mask mask) {
    Descriptor d = e.descriptor();
    boolean sparse = PackedMatrices.isSparse(d.format());
    long whole = sparse ? mask.keptCount() : (long) d.rows() * d.cols();
    long left = e.bytes();
    List<Row> rows = new ArrayList<>();
    for (Joined.Member m : members) {
      Mask own = mask.rows(m.first(), m.rows());
      long part = sparse ? own.keptCount() : (long) m.rows() * d.cols();
      boolean last = rows.size() == members.size() - 1;
      long bytes = last ? left : whole == 0 ? 0 : Math.round(e.bytes() * (part / (double) whole));
      left -= bytes;
      rows.add(
          new Row(
              m.name(),
              new long[] {m.rows(), d.cols()},
              e.dtype(),
              d.pattern(),
              own.sparsity(),
              OptionalDouble.empty(),
              d.format(),
              bytes));
    }
    return rows;
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
