package dev.filigree.file;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The proof that goes with a pruned model: what was done, with which settings, seed and data, and
 * which masks every step left. It stands in the file's {@code __metadata__} under {@link #KEY}, so
 * the digest of a packed file covers it. Immutable.
 *
 * @param steps in the order they were done
 * @param files SHA-256 of the files that belong to the weights, by name: {@code config.json} ... in
 *     a packed directory
 */
public record Receipt(List<ReceiptStep> steps, Map<String, String> files) {
  /** Where it stands in the metadata of a safetensors file. */
  public static final String KEY = "filigree.receipt";

  /** The version this reads and writes. */
  public static final int VERSION = 1;

  /** Copies, and checks the digests. */
  public Receipt {
    steps = List.copyOf(steps);
    files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
    files.forEach(
        (name, digest) -> {
          if (!DataDigest.isDigest(digest)) {
            throw new IllegalArgumentException("the digest of " + name + " is " + digest);
          }
        });
  }

  /** Nothing was done yet. */
  public static Receipt empty() {
    return new Receipt(List.of(), Map.of());
  }

  /** The same after one more step. */
  public Receipt then(ReceiptStep step) {
    List<ReceiptStep> all = new ArrayList<>(steps);
    all.add(step);
    return new Receipt(all, files);
  }

  /** The same with the digests of other files; those of before are forgotten. */
  public Receipt withFiles(Map<String, String> digests) {
    return new Receipt(steps, digests);
  }

  /** Whether it says nothing at all. */
  public boolean isEmpty() {
    return steps.isEmpty() && files.isEmpty();
  }

  /**
   * The receipt in a file's metadata; empty where there is none.
   *
   * @param where named in the message
   * @throws FiligreeException FIL-0430 where it cannot be understood
   */
  public static Receipt in(Map<String, String> metadata, Object where) {
    String text = metadata.get(KEY);
    return text == null ? empty() : parse(text, where);
  }

  /** The same metadata with this receipt, in the place of the one that was there. */
  public Map<String, String> into(Map<String, String> metadata) {
    Map<String, String> out = new LinkedHashMap<>(metadata);
    out.put(KEY, toJson());
    return out;
  }

  /** One JSON object on one line. */
  public String toJson() {
    return ReceiptJson.write(this);
  }

  /**
   * Reads {@link #toJson()}.
   *
   * @param where named in the message
   * @throws FiligreeException FIL-0430 where the text is no receipt, or one of another version
   */
  public static Receipt parse(String json, Object where) {
    try {
      return ReceiptJson.read(json);
    } catch (IOException | IllegalStateException | IllegalArgumentException e) {
      throw new FiligreeException(e, Message.FIL_0430, where, e.getMessage());
    }
  }

  /** The latest mask digest of every tensor that has one, by name. */
  public Map<String, String> masks() {
    Map<String, String> latest = new TreeMap<>();
    steps.forEach(s -> latest.putAll(s.masks()));
    return latest;
  }

  /** The pattern of the step that chose the mask of a tensor last, where it says one. */
  public Optional<String> pattern(String tensor) {
    String pattern = null;
    for (ReceiptStep step : steps) {
      if (step.choosesMasks() && step.masks().containsKey(tensor)) {
        pattern = step.plan().get("pattern");
      }
    }
    return Optional.ofNullable(pattern);
  }

  /**
   * What does not hold: masks that a step should have kept and did not, and masks of the file that
   * are not those the last step left. Empty where all is well.
   *
   * @param actual digest of the mask of every tensor of the file that has one
   */
  public List<String> broken(Map<String, String> actual) {
    List<String> broken = new ArrayList<>();
    Map<String, ReceiptStep> by = new TreeMap<>();
    Map<String, ReceiptStep> chosenBy = new TreeMap<>();
    for (ReceiptStep step : steps) {
      step.masks()
          .forEach(
              (tensor, digest) -> {
                ReceiptStep before = by.put(tensor, step);
                if (before != null
                    && !step.choosesMasks()
                    && !digest.equals(before.masks().get(tensor))) {
                  broken.add(
                      "step %s: it changed the zeros of %s, which step %s chose"
                          .formatted(step.label(), tensor, chosenBy.get(tensor).label()));
                }
                if (step.choosesMasks() || before == null) {
                  chosenBy.put(tensor, step);
                }
              });
    }
    by.forEach(
        (tensor, step) -> {
          String found = actual.get(tensor);
          if (found == null) {
            broken.add(
                "tensor %s: step %s left it sparse, but it is not there"
                    .formatted(tensor, step.label()));
          } else if (!found.equals(step.masks().get(tensor))) {
            broken.add(
                "tensor %s: its zeros are not those that step %s left; something after that step changed them"
                    .formatted(tensor, step.label()));
          }
        });
    return broken;
  }
}
