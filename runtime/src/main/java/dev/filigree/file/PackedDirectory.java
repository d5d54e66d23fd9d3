package dev.filigree.file;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A packed model with all that belongs to it in one folder: {@link #WEIGHTS}, {@link #RECEIPT}, and
 * whatever else the model needs, {@code config.json}, {@code tokenizer.json}, {@code
 * thresholds.json}. The receipt holds a digest of each of these, and the digest inside the weights
 * covers the receipt, so one changed bit anywhere is found. Immutable, safe for any number of
 * threads.
 */
public final class PackedDirectory {
  /** The packed weights. */
  public static final String WEIGHTS = "weights.safetensors";

  /** The receipt, a copy of the one in the weights' metadata. */
  public static final String RECEIPT = "receipt.json";

  /** The model's shape, as Hugging Face writes it. */
  public static final String CONFIG = "config.json";

  /** Thresholds of activation sparsity. */
  public static final String THRESHOLDS = "thresholds.json";

  /** What R-Sparse adds for inputs that are skipped. */
  public static final String REMAINDERS = "remainders.safetensors";

  /** Digests of the sequences it was calibrated on. */
  public static final String CALIBRATION = "calibration.json";

  /** The largest file beside the weights. */
  public static final long MOST_BYTES = 1L << 30;

  private final Path folder;
  private final PackedFile weights;
  private final Receipt receipt;

  private PackedDirectory(Path folder, PackedFile weights, Receipt receipt) {
    this.folder = folder;
    this.weights = weights;
    this.receipt = receipt;
  }

  /**
   * What is to be written.
   *
   * @param entries of the weights
   * @param metadata of the weights, without the receipt
   * @param receipt what was done; the digests of {@code files} are added
   * @param files content by plain file name; not {@link #WEIGHTS} and not {@link #RECEIPT}
   */
  public record Contents(
      List<? extends Entry> entries,
      Map<String, String> metadata,
      Receipt receipt,
      Map<String, byte[]> files) {}

  /**
   * Writes a folder, whole or not at all: under a temporary name beside it, then renamed.
   *
   * @param target must not exist yet, or be an empty folder
   * @throws FiligreeException FIL-0403 where it cannot be written, and as {@link PackedFile#write}
   */
  public static void write(Path target, Contents contents) {
    AtomicFolder.write(
        target,
        folder -> {
          Map<String, String> digests = new LinkedHashMap<>();
          contents.files().forEach((name, bytes) -> digests.put(name, sha256(bytes)));
          Receipt receipt = contents.receipt().withFiles(digests);
          contents
              .files()
              .forEach(
                  (name, bytes) -> {
                    if (!isPlain(name) || name.equals(WEIGHTS) || name.equals(RECEIPT)) {
                      throw new FiligreeException(
                          Message.FIL_0403,
                          target,
                          "\"" + name + "\" is no name of a further file");
                    }
                    AtomicFile.write(
                        folder.resolve(name),
                        out -> AtomicFile.writeFully(out, ByteBuffer.wrap(bytes)));
                  });
          AtomicFile.write(folder.resolve(RECEIPT), receipt.toJson());
          PackedFile.write(
              folder.resolve(WEIGHTS), contents.entries(), receipt.into(contents.metadata()));
        });
  }

  /**
   * Checks early, before long work, that a folder can be written there.
   *
   * @throws FiligreeException FIL-0403 where it is clear that it cannot
   */
  public static void checkWritable(Path target) {
    AtomicFolder.checkWritable(target);
  }

  /** Whether a folder looks like one: it has packed weights under the name they have here. */
  public static boolean isOne(Path folder) {
    return Files.isRegularFile(folder.resolve(WEIGHTS));
  }

  /**
   * Opens a folder; the weights are mapped, not read. Nothing is verified yet.
   *
   * @throws FiligreeException FIL-0431 where it is none, FIL-0430 for its receipt, and as {@link
   *     PackedFile#open}
   */
  public static PackedDirectory open(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new FiligreeException(Message.FIL_0431, folder, "it is no folder");
    }
    if (!isOne(folder)) {
      throw new FiligreeException(Message.FIL_0431, folder, "it has no " + WEIGHTS);
    }
    PackedFile weights = PackedFile.open(folder.resolve(WEIGHTS));
    Receipt receipt = weights.receipt();
    for (String name : receipt.files().keySet()) {
      if (!isPlain(name)) {
        throw new FiligreeException(
            Message.FIL_0431, folder, "its receipt names the file \"" + name + "\"");
      }
    }
    return new PackedDirectory(folder, weights, receipt);
  }

  /** The folder. */
  public Path path() {
    return folder;
  }

  /** The packed weights. */
  public PackedFile weights() {
    return weights;
  }

  /** What was done to the model, and the digests of the other files. */
  public Receipt receipt() {
    return receipt;
  }

  /** The place of a file the receipt knows, {@link #CONFIG} for example. */
  public Optional<Path> file(String name) {
    return receipt.files().containsKey(name) ? Optional.of(folder.resolve(name)) : Optional.empty();
  }

  /**
   * Copies the files the receipt knows and other programs understand, each compared with its
   * digest.
   *
   * @throws FiligreeException FIL-0404, FIL-0402 and FIL-0403
   */
  void copyFiles(Path to) {
    for (String name : receipt.files().keySet()) {
      if (!List.of(THRESHOLDS, REMAINDERS, CALIBRATION).contains(name)) {
        ByteBuffer bytes = ByteBuffer.wrap(content(name).orElseThrow());
        AtomicFile.write(to.resolve(name), out -> AtomicFile.writeFully(out, bytes));
      }
    }
  }

  /**
   * The content of a file the receipt knows, compared with its digest.
   *
   * @throws FiligreeException FIL-0404 where it cannot be read, FIL-0402 where it was changed
   */
  public Optional<byte[]> content(String name) {
    Optional<Path> file = file(name);
    if (file.isEmpty()) {
      return Optional.empty();
    }
    byte[] bytes = read(file.get());
    if (!sha256(bytes).equals(receipt.files().get(name))) {
      throw new FiligreeException(
          Message.FIL_0402, file.get(), "the receipt has another digest for it");
    }
    return Optional.of(bytes);
  }

  /** Everything: every byte of the weights, every mask, every step, every other file. */
  public Verification verify() {
    List<String> broken = new ArrayList<>(weights.verifyAll().broken());
    receipt
        .files()
        .forEach(
            (name, digest) -> {
              Path file = folder.resolve(name);
              if (!Files.isRegularFile(file)) {
                broken.add("file " + name + ": it is missing");
              } else if (!DataDigest.sha256(file).equals(digest)) {
                broken.add("file " + name + ": it was changed");
              }
            });
    Path copy = folder.resolve(RECEIPT);
    String text = weights.metadata().get(Receipt.KEY);
    if (!Files.isRegularFile(copy)) {
      broken.add("file " + RECEIPT + ": it is missing");
    } else if (text == null || !text.equals(new String(read(copy), StandardCharsets.UTF_8))) {
      broken.add("file " + RECEIPT + ": it is not the receipt in the weights");
    }
    return new Verification(List.copyOf(broken));
  }

  private static byte[] read(Path file) {
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw new FiligreeException(
            Message.FIL_0404, file, "it has more than " + MOST_BYTES + " bytes");
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, file, IoReason.of(e));
    }
  }

  // A name with a path in it could point anywhere on the machine.
  private static boolean isPlain(String name) {
    return !name.isEmpty()
        && !name.startsWith(".")
        && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
  }

  private static String sha256(byte[] bytes) {
    MessageDigest sha = FileDigest.sha256();
    return HexFormat.of().formatHex(sha.digest(bytes));
  }
}
