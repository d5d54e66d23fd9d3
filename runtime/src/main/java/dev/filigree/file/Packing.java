package dev.filigree.file;

import dev.filigree.mask.Mask;
import dev.filigree.mask.PatternFinder;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Dense files with zeros to packed files and back, losslessly: names, order, metadata and bytes of
 * every tensor. Memory grows with the largest tensor, not with the file.
 */
public final class Packing {
  // Descriptor, three entries of the header, and up to three padding tensors with theirs.
  private static final int OVERHEAD = 1600;
  private static final int NAMES = 12;
  private static final String ENDING = ".safetensors";

  private Packing() {}

  /**
   * What was done.
   *
   * @param inBytes size of the input, all its files
   * @param outBytes size of the output
   * @param tensors how many there are
   * @param packed how many of them are stored in a packed format, on the packed side
   */
  public record Result(long inBytes, long outBytes, int tensors, int packed) {}

  /**
   * Packs every matrix of F32, F16, BF16 or I8 that becomes smaller by it; all else is stored as it
   * is. What is removed is what its stored mask removes, else what is zero.
   *
   * @param in a safetensors file, an index or a folder; several files become one
   * @param keepNegativeZero whether -0.0 is kept as a weight; else it comes back as 0.0 in packed
   *     matrices
   * @throws FiligreeException FIL-0404, FIL-0401 and FIL-0429 for the input, FIL-0435 where it is
   *     packed already, FIL-0436 where its files contradict each other, FIL-0413 for a metadata key
   *     that is ours, FIL-0432 and FIL-0433 for a mask that does not hold, FIL-0434 where both are
   *     one file, FIL-0403 for the output
   */
  public static Result pack(Path in, Path out, boolean keepNegativeZero, Progress progress) {
    ModelFiles model = ModelFiles.open(in);
    checkOther(model, out);
    AtomicFile.checkWritable(out);
    for (SafetensorsFile file : model.files()) {
      if (PackedFile.isPacked(file)) {
        throw new FiligreeException(Message.FIL_0435, file.path());
      }
    }
    Map<String, String> metadata = metadata(model);
    Receipt receipt = Receipt.in(metadata, in);
    int packed = 0;
    try (Spool spool = Spool.beside(out)) {
      List<Entry> entries = new ArrayList<>();
      List<Tensor> tensors = model.tensors();
      for (Tensor t : tensors) {
        progress.at("Packing", entries.size(), tensors.size());
        Optional<PackedEntry> entry = entry(model, t, keepNegativeZero, receipt, spool);
        packed += entry.isPresent() ? 1 : 0;
        entries.add(entry.isPresent() ? entry.get() : new DenseEntry(t));
      }
      progress.at("Packing", Math.max(1, tensors.size()), Math.max(1, tensors.size()));
      Map<String, String> plan = new LinkedHashMap<>();
      plan.put("format", StoredBitmap.FORMAT);
      plan.put("keep_negative_zero", String.valueOf(keepNegativeZero));
      PackedFile.write(out, entries, metadata, Receipt.empty().then(ReceiptStep.of("pack", plan)));
      return new Result(model.bytes(), size(out), tensors.size(), packed);
    }
  }

  private static Optional<PackedEntry> entry(
      ModelFiles model, Tensor t, boolean keepNegativeZero, Receipt receipt, Spool spool) {
    if (!StoredBitmap.canHold(t)) {
      return Optional.empty();
    }
    Optional<Mask> stored = StoredMasks.of(t, model::tensor, model.path());
    if (stored.isPresent()) {
      long violations = StoredMasks.violations(t, stored.get());
      if (violations > 0) {
        throw new FiligreeException(
            Message.FIL_0433, model.path(), violations, t.name(), StoredMasks.nameFor(t.name()));
      }
    }
    Mask mask = stored.orElseGet(() -> StoredMasks.nonZeros(t, keepNegativeZero));
    long bytes = StoredBitmap.bytes(t.dtype(), mask.rows(), mask.cols(), mask.keptCount());
    if (bytes + OVERHEAD + (long) NAMES * t.name().length() >= t.bytes()) {
      return Optional.empty();
    }
    return Optional.of(
        StoredBitmap.pack(
            t,
            mask,
            keepNegativeZero,
            receipt.pattern(t.name()).orElseGet(() -> found(mask)),
            spool));
  }

  /** The name of the pattern of a mask; {@code dense} where it removes nothing. */
  static String found(Mask mask) {
    return PatternFinder.find(mask).map(Pattern::text).orElse("dense");
  }

  /**
   * Makes the dense file that a packed one was made from.
   *
   * @param in a packed file, or a packed directory
   * @param out of a directory: a file where the name ends with {@code .safetensors}, else a folder
   *     with {@code model.safetensors} and what the directory has beside its weights
   * @throws FiligreeException FIL-0404, FIL-0401, FIL-0414, FIL-0407 and FIL-0415 for the input,
   *     FIL-0402 where it was changed since it was written, FIL-0434 where both are one file,
   *     FIL-0403 for the output
   */
  public static Result unpack(Path in, Path out, Progress progress) {
    return Files.isDirectory(in)
        ? unpacked(PackedDirectory.open(in), out, progress, false)
        : unpacked(PackedFile.open(in), out, progress, false);
  }

  /**
   * Makes a file that knows nothing of Filigree: dense, the zeros in it, without masks and receipt.
   *
   * @param in a packed file, a packed directory, or a pruned dense model; one in several files goes
   *     to a folder that does not exist yet or is empty, with what stands beside them
   * @param out as {@link #unpack}
   * @throws FiligreeException as {@link #unpack} and {@link ModelFiles#open}
   */
  public static Result strip(Path in, Path out, Progress progress) {
    if (Files.isDirectory(in) && PackedDirectory.isOne(in)) {
      return unpacked(PackedDirectory.open(in), out, progress, true);
    }
    ModelFiles model = ModelFiles.open(in);
    if (!model.isSharded() && PackedFile.isPacked(model.files().get(0))) {
      return unpacked(PackedFile.of(model.files().get(0)), out, progress, true);
    }
    checkOther(model, out);
    List<ModelFiles.Contents> contents = new ArrayList<>();
    int count = 0;
    for (SafetensorsFile file : model.files()) {
      List<Tensor> tensors =
          file.tensors().stream().filter(t -> !StoredRemainders.isBeside(t.name())).toList();
      contents.add(new ModelFiles.Contents(tensors, withoutOurs(file.metadata())));
      count += tensors.size();
    }
    if (model.isSharded()) {
      AtomicFolder.write(
          out,
          folder -> {
            model.write(folder, contents);
            FurtherFiles.copy(model.path().toAbsolutePath().getParent(), folder);
          });
    } else {
      model.write(out, contents);
    }
    progress.at("Stripping", 1, 1);
    return new Result(model.bytes(), size(out), count, 0);
  }

  private static Result unpacked(
      PackedDirectory directory, Path out, Progress progress, boolean plain) {
    if (String.valueOf(out.getFileName()).endsWith(ENDING)) {
      return unpacked(directory.weights(), out, progress, plain);
    }
    Result[] result = new Result[1];
    AtomicFolder.write(
        out,
        folder -> {
          directory.copyFiles(folder);
          result[0] =
              unpacked(directory.weights(), folder.resolve(ModelFiles.SINGLE), progress, plain);
        });
    return result[0];
  }

  private static Result unpacked(PackedFile file, Path out, Progress progress, boolean plain) {
    if (isSame(file.path(), out)) {
      throw new FiligreeException(Message.FIL_0434, out);
    }
    AtomicFile.checkWritable(out);
    file.requireIntact();
    int packed = 0;
    try (Spool spool = Spool.beside(out)) {
      List<Tensor> tensors = new ArrayList<>();
      int total = Math.max(1, file.entries().size());
      for (Entry e : file.entries()) {
        progress.at("Unpacking", tensors.size(), total);
        if (e instanceof PackedEntry p) {
          Tensor dense = dense(p, file.path(), spool);
          p.members().forEach(m -> tensors.add(rows(dense, m)));
          packed++;
        } else if (e instanceof DenseEntry d && !(plain && StoredRemainders.isBeside(d.name()))) {
          tensors.add(d.tensor());
        }
      }
      progress.at("Unpacking", total, total);
      SafetensorsWriter.write(out, tensors, plain ? withoutOurs(file.metadata()) : file.metadata());
      return new Result(file.fileBytes(), size(out), tensors.size(), packed);
    }
  }

  /** The dense matrix of an entry, in its own type. */
  private static Tensor dense(PackedEntry e, Path file, Spool spool) {
    if (StoredBitmap.isStored(e)) {
      return StoredBitmap.read(e, file).unpack(spool);
    }
    FloatBuffer values = MaskCheck.dense(e, file).asFloatBuffer();
    ByteBuffer bytes = FloatTensor.encode(e.name(), e.dtype(), values);
    return spool.add(e.name(), e.dtype(), e.shape(), List.of(bytes));
  }

  /** The rows of one of several joined tensors; nothing is copied. */
  private static Tensor rows(Tensor matrix, Joined.Member m) {
    long width = matrix.shape()[1] * matrix.dtype().bits() / 8;
    long from = m.first() * width;
    long to = from + m.rows() * width;
    List<ByteBuffer> chunks = new ArrayList<>();
    long at = 0;
    for (ByteBuffer chunk : matrix.chunks()) {
      long end = at + chunk.remaining();
      if (from < end && to > at) {
        int first = (int) (Math.max(from, at) - at);
        int last = (int) (Math.min(to, end) - at);
        chunks.add(chunk.slice(chunk.position() + first, last - first));
      }
      at = end;
    }
    return new Tensor(
        m.name(),
        matrix.dtype(),
        new long[] {m.rows(), matrix.shape()[1]},
        chunks.isEmpty() ? List.of(ByteBuffer.allocate(0)) : chunks);
  }

  private static Map<String, String> metadata(ModelFiles model) {
    Map<String, String> all = new LinkedHashMap<>();
    for (SafetensorsFile file : model.files()) {
      file.metadata()
          .forEach(
              (key, value) -> {
                String other = all.putIfAbsent(key, value);
                if (other != null && !other.equals(value)) {
                  throw new FiligreeException(Message.FIL_0436, model.path(), key);
                }
              });
    }
    return all;
  }

  private static Map<String, String> withoutOurs(Map<String, String> metadata) {
    Map<String, String> rest = new LinkedHashMap<>(metadata);
    rest.keySet().removeIf(key -> key.startsWith("filigree."));
    return rest;
  }

  private static void checkOther(ModelFiles model, Path out) {
    for (SafetensorsFile file : model.files()) {
      if (isSame(file.path(), out) || isSame(file.path().toAbsolutePath().getParent(), out)) {
        throw new FiligreeException(Message.FIL_0434, out);
      }
    }
  }

  /** Whether two paths name one file. */
  static boolean isSame(Path a, Path b) {
    try {
      return Files.exists(b) && Files.isSameFile(a, b);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, b, IoReason.of(e));
    }
  }

  private static long size(Path out) {
    try {
      return Files.isDirectory(out) ? ModelFiles.open(out).bytes() : Files.size(out);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, out, IoReason.of(e));
    }
  }
}
