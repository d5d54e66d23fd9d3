package dev.filigree.prune;

import dev.filigree.allocate.LayerUnits;
import dev.filigree.annotations.Scope;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.ModelFiles;
import dev.filigree.file.StoredMasks;
import dev.filigree.file.Tensor;
import dev.filigree.mask.Groups;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Globs;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which tensors are pruned, in the byte-wise order of their names.
 *
 * @param tensors matrices that can be pruned
 * @param sparsities of each, by name
 * @param skipped matrices that stay dense, and why
 */
record PruneTargets(
    List<Tensor> tensors,
    Map<String, Double> sparsities,
    List<PruneResult.Skipped> skipped,
    List<String> warnings) {
  // What a decoder's own file calls the projections of its blocks.
  private static final java.util.regex.Pattern PROJECTION =
      java.util.regex.Pattern.compile(
          "(.*\\.)?layers\\.\\d+\\.(self_attn\\.[qkvo]_proj|mlp\\.(gate|up|down)_proj)\\.weight");
  private static final java.util.regex.Pattern EMBEDDING =
      java.util.regex.Pattern.compile(
          "(?i).*(embed|(^|[._])wte|(^|[._])wpe|(^|[._])emb([._]|$)|lm_head|vocab).*");

  /**
   * @param in what was given: a folder with a {@code config.json} says that its model is known
   * @throws FiligreeException FIL-0630 for a matrix that cannot be pruned, FIL-0637 for a width
   *     that N:M does not divide, FIL-0632 for a glob that matches nothing, FIL-0633 where nothing
   *     is left, FIL-0634 for an allocation that does not go with the plan
   */
  static PruneTargets of(ModelFiles model, Path in, PruneOptions options) {
    List<Tensor> matrices =
        model.tensors().stream()
            .filter(t -> t.shape().length == 2 && !StoredMasks.isMask(t.name()))
            .sorted(
                Comparator.comparing(
                    t -> t.name().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned))
            .toList();
    checkGlobs(model, options.include(), "--include", matrices);
    checkGlobs(model, options.exclude(), "--exclude", matrices);
    boolean known =
        Files.isDirectory(in)
            && Files.exists(in.resolve("config.json"))
            && matrices.stream().anyMatch(t -> PROJECTION.matcher(t.name()).matches());
    List<Tensor> tensors = new ArrayList<>();
    List<PruneResult.Skipped> skipped = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    for (Tensor t : matrices) {
      if (!options.include().isEmpty() && !matches(options.include(), t)) {
        skipped.add(new PruneResult.Skipped(t.name(), "no --include matches it"));
      } else if (matches(options.exclude(), t)) {
        skipped.add(new PruneResult.Skipped(t.name(), "--exclude matches it"));
      } else if (known && options.include().isEmpty() && !PROJECTION.matcher(t.name()).matches()) {
        skipped.add(new PruneResult.Skipped(t.name(), "it is no projection of a decoder block"));
      } else if (isDivided(model, t, options, skipped)) {
        check(model, t);
        tensors.add(t);
        if (EMBEDDING.matcher(t.name()).matches()) {
          warnings.add(Message.FIL_0635.text(t.name(), t.name()));
        }
      }
    }
    if (tensors.isEmpty()) {
      throw new FiligreeException(Message.FIL_0633, model.path(), matrices.size());
    }
    return new PruneTargets(tensors, sparsities(tensors, options), skipped, warnings);
  }

  private static boolean matches(List<String> globs, Tensor t) {
    return globs.stream().anyMatch(glob -> Globs.matches(glob, t.name()));
  }

  private static void checkGlobs(
      ModelFiles model, List<String> globs, String option, List<Tensor> matrices) {
    for (String glob : globs) {
      if (matrices.stream().noneMatch(t -> Globs.matches(glob, t.name()))) {
        throw new FiligreeException(
            Message.FIL_0632,
            option,
            glob,
            model.path(),
            String.join(", ", matrices.stream().map(Tensor::name).limit(5).toList())
                + (matrices.size() > 5 ? " and " + (matrices.size() - 5) + " more" : ""));
      }
    }
  }

  private static boolean isDivided(
      ModelFiles model, Tensor t, PruneOptions options, List<PruneResult.Skipped> skipped) {
    if (!(options.plan().pattern() instanceof Pattern.NM nm) || t.shape()[1] % nm.m() == 0) {
      return true;
    }
    if (options.skipIndivisible()) {
      skipped.add(
          new PruneResult.Skipped(
              t.name(), nm.m() + " does not divide its " + t.shape()[1] + " inputs"));
      return false;
    }
    int inputs = (int) Math.min(t.shape()[1], Integer.MAX_VALUE);
    throw new FiligreeException(
        Message.FIL_0637,
        model.path(),
        t.name(),
        inputs,
        nm.m(),
        nm.text(),
        Groups.nearestLegal(inputs, nm.m()),
        t.name());
  }

  private static void check(ModelFiles model, Tensor t) {
    String problem = null;
    if (!FloatTensor.isFloat(t.dtype())) {
      problem = "is of type " + t.dtype();
    } else if (t.bytes() == 0) {
      problem = "has no elements, its shape is " + Arrays.toString(t.shape());
    } else if (t.shape()[0] * t.shape()[1] > Integer.MAX_VALUE - 1024) {
      problem = "has more than 2^31 elements";
    }
    if (problem != null) {
      throw new FiligreeException(Message.FIL_0630, model.path(), t.name(), problem, t.name());
    }
  }

  private static Map<String, Double> sparsities(List<Tensor> tensors, PruneOptions options) {
    OneShotPlan plan = options.plan();
    Map<String, Double> out = new HashMap<>();
    if (options.allocation() == AllocationRule.UNIFORM) {
      tensors.forEach(t -> out.put(t.name(), plan.sparsity()));
      return out;
    }
    if (plan.pattern() instanceof Pattern.NM || plan.scope() == Scope.GLOBAL) {
      throw new FiligreeException(
          Message.FIL_0634,
          plan.pattern() instanceof Pattern.NM ? plan.pattern().text() : "--scope global");
    }
    double[] shares =
        options
            .allocation()
            .sparsities(tensors.stream().map(t -> units(t, plan)).toList(), plan.sparsity());
    for (int i = 0; i < shares.length; i++) {
      out.put(tensors.get(i).name(), shares[i]);
    }
    return out;
  }

  private static LayerUnits units(Tensor t, OneShotPlan plan) {
    int rows = (int) t.shape()[0];
    int cols = (int) t.shape()[1];
    return LayerUnits.of(t.name(), List.of(rows, cols), rows, cols, plan.pattern(), plan.scope());
  }

  /** The plan for one tensor. */
  OneShotPlan plan(Tensor t, OneShotPlan common) {
    return common.pattern() instanceof Pattern.NM
        ? common
        : common.withSparsity(sparsities.get(t.name()));
  }
}
