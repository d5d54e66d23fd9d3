package dev.filigree.file;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** Checks whatever carries a digest or a receipt. */
public final class Verifier {
  /** What a check of a packed file may find before it can begin. */
  private static final Set<Message> DAMAGE =
      Set.of(Message.FIL_0407, Message.FIL_0415, Message.FIL_0430, Message.FIL_0431);

  private Verifier() {}

  /**
   * What was checked.
   *
   * @param verification what is broken
   * @param whole whether a digest covers every byte; else only masks and steps were checked
   * @param receipt what was done to the model
   */
  public record Checked(Verification verification, boolean whole, Receipt receipt) {}

  /**
   * Checks a packed file or directory whole, and a pruned dense model by its receipt.
   *
   * @throws FiligreeException FIL-0404 where it cannot be read, FIL-0401 and FIL-0429 where it is
   *     no model, FIL-0437 where it has neither digest nor receipt
   */
  public static Checked check(Path path) {
    try {
      return Files.isDirectory(path) && PackedDirectory.isOne(path)
          ? checked(PackedDirectory.open(path))
          : checked(ModelFiles.open(path));
    } catch (FiligreeException e) {
      if (DAMAGE.contains(e.id())) {
        return new Checked(new Verification(List.of(e.getMessage())), true, Receipt.empty());
      }
      throw e;
    }
  }

  private static Checked checked(PackedDirectory folder) {
    return new Checked(folder.verify(), true, folder.receipt());
  }

  private static Checked checked(ModelFiles model) {
    SafetensorsFile first = model.files().get(0);
    if (!model.isSharded() && PackedFile.isPacked(first)) {
      PackedFile file = PackedFile.of(first);
      Verification found = file.verifyAll();
      return new Checked(found, true, found.ok() ? file.receipt() : Receipt.empty());
    }
    // A packed file whose name of the format was damaged must not pass as one that never had a
    // digest.
    for (String key : model.metadata().keySet()) {
      if (PackedFile.isOurs(key)) {
        return new Checked(
            new Verification(
                List.of("header: it has \"" + key + "\", but does not say that it is packed")),
            true,
            Receipt.empty());
      }
    }
    Receipt receipt = Receipt.in(model.metadata(), model.path());
    if (receipt.isEmpty()) {
      throw new FiligreeException(Message.FIL_0437, model.path());
    }
    return new Checked(
        new Verification(List.copyOf(MaskCheck.of(model, receipt).broken())), false, receipt);
  }
}
