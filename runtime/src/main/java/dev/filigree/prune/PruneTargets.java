package dev.filigree.prune;

import dev.filigree.allocate.LayerUnits;
import dev.filigree.annotations.Scope;
import dev.filigree.criterion.LayerPlans;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.ModelFiles;
import dev.filigree.file.StoredRemainders;
import dev.filigree.file.Tensor;
import dev.filigree.mask.Groups;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.GlobMatches;
import dev.filigree.plan.Globs;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.SparsityPlan;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which tensors are pruned, in the byte-wise order of their names.
 *
 * @param tensors matrices that can be pruned
 * @param order the place of each, by name
 * @param plans of each as it was asked for, by name
 * @param sparsities of each, by name
 * @param skipped matrices that stay dense, and why
 */
record PruneTargets(
    List<Tensor> tensors,
    Map<String, Integer> order,
    Map<String, OneShotPlan> plans,
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
   *     that N:M does not divide, FIL-0847 for a glob of a recipe and FIL-0632 for a glob that
   *     matches nothing, FIL-0633 where nothing is left, FIL-0634 for an allocation that does not
   *     go with the plan
   */
  static PruneTargets of(ModelFiles model, Path in, PruneOptions options) {
    List<Tensor> matrices =
        model.tensors().stream()
            .filter(t -> t.shape().length == 2 && !StoredRemainders.isBeside(t.name()))
            .sorted(
                Comparator.comparing(
                    t -> t.name().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned))
            .toList();
    checkGlobs(model, options.include(), "--include", matrices);
    checkGlobs(model, options.exclude(), "--exclude", matrices);
    GlobMatches.require(
        new SparsityPlan(
            options.plans().rules().stream().map(LayerPlans.Rule::layers).toList(), Map.of()),
        model.path(),
        matrices.stream().map(Tensor::name).toList());
    boolean known =
        Files.isDirectory(in)
            && Files.exists(in.resolve("config.json"))
            && matrices.stream().anyMatch(t -> PROJECTION.matcher(t.name()).matches());
    List<Tensor> tensors = new ArrayList<>();
    Map<String, Integer> order = new HashMap<>();
    Map<String, OneShotPlan> plans = new HashMap<>();
    List<PruneResult.Skipped> skipped = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    for (Tensor t : matrices) {
      Optional<OneShotPlan> plan = options.plans().of(t.name());
      if (!options.include().isEmpty() && !matches(options.include(), t)) {
        skipped.add(new PruneResult.Skipped(t.name(), "no --include matches it"));
      } else if (matches(options.exclude(), t)) {
        skipped.add(new PruneResult.Skipped(t.name(), "--exclude matches it"));
      } else if (known
          && options.include().isEmpty()
          && !PROJECTION.matcher(t.name()).matches()
          && !isNamed(options.plans(), t)) {
        skipped.add(new PruneResult.Skipped(t.name(), "it is no projection of a decoder block"));
      } else if (plan.isEmpty()) {
        skipped.add(new PruneResult.Skipped(t.name(), "the recipe does not prune it"));
      } else if (isDivided(model, t, plan.get(), options, skipped)) {
        check(model, t);
        order.put(t.name(), tensors.size());
        tensors.add(t);
        plans.put(t.name(), plan.get());
        if (EMBEDDING.matcher(t.name()).matches()) {
          warnings.add(Message.FIL_0635.text(t.name(), t.name()));
        }
      }
    }
    if (tensors.isEmpty()) {
      throw new FiligreeException(Message.FIL_0633, model.path(), matrices.size());
    }
    return new PruneTargets(
        tensors, order, plans, sparsities(tensors, plans, options.allocation()), skipped, warnings);
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

  /** Whether a rule takes it by its whole name. */
  private static boolean isNamed(LayerPlans plans, Tensor t) {
    return plans.rules().stream().anyMatch(r -> r.layers().names(t.name()));
  }

  private static boolean isDivided(
      ModelFiles model,
      Tensor t,
      OneShotPlan plan,
      PruneOptions options,
      List<PruneResult.Skipped> skipped) {
    if (!(plan.pattern() instanceof Pattern.NM nm) || t.shape()[1] % nm.m() == 0) {
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

  private static Map<String, Double> sparsities(
      List<Tensor> tensors, Map<String, OneShotPlan> plans, AllocationRule allocation) {
    Map<String, Double> out = new HashMap<>();
    plans.forEach((name, plan) -> out.put(name, plan.sparsity()));
    if (allocation == AllocationRule.UNIFORM) {
      return out;
    }
    for (OneShotPlan plan : new LinkedHashSet<>(plans.values())) {
      if (plan.pattern() instanceof Pattern.NM || plan.scope() == Scope.GLOBAL) {
        throw new FiligreeException(
            Message.FIL_0634,
            plan.pattern() instanceof Pattern.NM ? plan.pattern().text() : "--scope global");
      }
      List<Tensor> own = tensors.stream().filter(t -> plans.get(t.name()).equals(plan)).toList();
      double[] shares =
          allocation.sparsities(own.stream().map(t -> units(t, plan)).toList(), plan.sparsity());
      for (int i = 0; i < shares.length; i++) {
        out.put(own.get(i).name(), shares[i]);
      }
    }
    return out;
  }

  private static LayerUnits units(Tensor t, OneShotPlan plan) {
    int rows = (int) t.shape()[0];
    int cols = (int) t.shape()[1];
    return LayerUnits.of(t.name(), List.of(rows, cols), rows, cols, plan.pattern(), plan.scope());
  }

  /** The plan for one tensor. */
  OneShotPlan plan(Tensor t) {
    OneShotPlan common = plans.get(t.name());
    return common.pattern() instanceof Pattern.NM
        ? common
        : common.withSparsity(sparsities.get(t.name()));
  }

  /** The tensors that one plan was asked for. */
  List<Tensor> of(OneShotPlan plan) {
    return tensors.stream().filter(t -> plans.get(t.name()).equals(plan)).toList();
  }

  /** The place of a tensor among all. */
  int indexOf(String name) {
    return order.get(name);
  }
}
