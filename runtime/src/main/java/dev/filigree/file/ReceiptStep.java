package dev.filigree.file;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * One thing that was done to a model. Immutable; the order of maps and lists is kept.
 *
 * @param name {@code prune}, {@code recover}, {@code compress}, {@code pack} ...
 * @param plan settings by name, as the command line writes them: {@code method}, {@code pattern},
 *     {@code sparsity}, {@code scope} ...
 * @param seed of what was drawn, where something was
 * @param data what the step saw
 * @param choosesMasks whether the step chose its masks anew; else it had to keep those before it
 * @param masks digest of the mask ({@code Mask.sha256}) of every tensor the step left sparse
 * @param evaluations before and after it
 * @param overlap share of the evaluation data that calibration or search data hold as well, 0 to 1,
 *     where both are known: of the 13-token windows of texts, of the samples of anything else
 */
public record ReceiptStep(
    String name,
    Map<String, String> plan,
    OptionalLong seed,
    List<DataDigest> data,
    boolean choosesMasks,
    Map<String, String> masks,
    List<Evaluation> evaluations,
    OptionalDouble overlap) {

  /** Copies, and checks digests and the overlap. */
  public ReceiptStep {
    plan = Collections.unmodifiableMap(new LinkedHashMap<>(plan));
    masks = Collections.unmodifiableMap(new LinkedHashMap<>(masks));
    data = List.copyOf(data);
    evaluations = List.copyOf(evaluations);
    masks.forEach(
        (tensor, digest) -> {
          if (!DataDigest.isDigest(digest)) {
            throw new IllegalArgumentException("the mask digest of " + tensor + " is " + digest);
          }
        });
    overlap.ifPresent(
        share -> {
          if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("overlap is " + share);
          }
        });
  }

  /** A step of which nothing but the name and the settings is known. */
  public static ReceiptStep of(String name, Map<String, String> plan) {
    return new ReceiptStep(
        name,
        plan,
        OptionalLong.empty(),
        List.of(),
        false,
        Map.of(),
        List.of(),
        OptionalDouble.empty());
  }

  /** The same with a seed. */
  public ReceiptStep withSeed(long value) {
    return new ReceiptStep(
        name, plan, OptionalLong.of(value), data, choosesMasks, masks, evaluations, overlap);
  }

  /** The same with further data. */
  public ReceiptStep withData(List<DataDigest> more) {
    List<DataDigest> all = new ArrayList<>(data);
    all.addAll(more);
    return new ReceiptStep(name, plan, seed, all, choosesMasks, masks, evaluations, overlap);
  }

  /** The same as the step that chose these masks. */
  public ReceiptStep choosing(Map<String, String> digests) {
    return new ReceiptStep(name, plan, seed, data, true, digests, evaluations, overlap);
  }

  /** The same as a step that was to keep the masks it found, and left these. */
  public ReceiptStep keeping(Map<String, String> digests) {
    return new ReceiptStep(name, plan, seed, data, false, digests, evaluations, overlap);
  }

  /** The same with further evaluations. */
  public ReceiptStep withEvaluations(List<Evaluation> more) {
    List<Evaluation> all = new ArrayList<>(evaluations);
    all.addAll(more);
    return new ReceiptStep(name, plan, seed, data, choosesMasks, masks, all, overlap);
  }

  /** The same with the share of common 13-token windows or samples. */
  public ReceiptStep withOverlap(double share) {
    return new ReceiptStep(
        name, plan, seed, data, choosesMasks, masks, evaluations, OptionalDouble.of(share));
  }

  /** Name and the settings that matter most, for people: {@code prune (wanda 2:4)}. */
  public String label() {
    List<String> words = new ArrayList<>();
    for (String key : List.of("method", "pattern", "sparsity", "threshold")) {
      if (plan.containsKey(key)) {
        words.add(plan.get(key));
      }
    }
    return words.isEmpty() ? name : name + " (" + String.join(" ", words) + ")";
  }
}
