package dev.filigree.cli;

import dev.filigree.annotations.Scope;
import dev.filigree.cli.file.PruneRecipe;
import dev.filigree.cli.file.PruneText;
import dev.filigree.criterion.Dsnot;
import dev.filigree.criterion.LayerPlans;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.RunOption;
import dev.filigree.plan.SparsityPlan;
import dev.filigree.prune.AllocationRule;
import dev.filigree.prune.FilePruning;
import dev.filigree.prune.PruneOptions;
import dev.filigree.prune.PruneResult;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code filigree prune}. */
@Command(
    name = "prune",
    mixinStandardHelpOptions = true,
    description =
        "Prunes every 2-D tensor of a safetensors file at once; all other tensors are copied"
            + " unchanged.")
final class PruneCommand implements Callable<Integer> {
  private static final String DSNOT = "dsnot";
  private static final List<OneShotMethod> METHODS =
      List.of(
          OneShotMethod.MAGNITUDE,
          OneShotMethod.RANDOM,
          OneShotMethod.WANDA,
          OneShotMethod.SPARSEGPT);

  @Option(
      names = "--in",
      paramLabel = "W.safetensors",
      required = true,
      description =
          "The weights [out, in]: a safetensors file, a *.safetensors.index.json, or a folder with"
              + " one of them. In a folder with config.json only the projections of the blocks are"
              + " pruned.")
  private Path in;

  @Option(
      names = "--inputs",
      paramLabel = "X.safetensors",
      description = "Calibration inputs [tokens, in], each under the name of its weight.")
  private Path inputs;

  @Option(
      names = "--recipe",
      paramLabel = "R",
      description =
          "A YAML file in the place of --method, --pattern, --sparsity and --scope, tensor by tensor;"
              + " see docs/recipes.md.")
  private Path recipe;

  @Option(
      names = "--method",
      paramLabel = "M",
      description = "magnitude, random, wanda or sparsegpt.")
  private String method;

  @Option(
      names = "--pattern",
      paramLabel = "P",
      description =
          "What is removed: unstructured, N:M (N kept of each M consecutive inputs), or block:RxC (R"
              + " outputs by C inputs).")
  private String pattern;

  @Option(
      names = "--sparsity",
      paramLabel = "S",
      description =
          "Fraction of the weights removed, at least 0 and below 1; for unstructured and block.")
  private Double sparsity;

  @Option(
      names = "--scope",
      paramLabel = "row|layer|global",
      description =
          "Over what the sparsity is counted. Default: row; layer for blocks and for sparsegpt. N:M"
              + " has none.")
  private String scope;

  @Option(
      names = "--allocation",
      paramLabel = "uniform|er|erk",
      description =
          "How the sparsity is shared among the tensors: the same for each, or by Erdős–Rényi, where"
              + " small ones keep more. Default: that of the recipe, else uniform.")
  private String allocation;

  @Option(
      names = "--include",
      paramLabel = "GLOB",
      description = "Prune only tensors whose name matches; repeatable. * stands for any text.")
  private List<String> include = new ArrayList<>();

  @Option(
      names = "--exclude",
      paramLabel = "GLOB",
      description = "Leave out tensors whose name matches; repeatable.")
  private List<String> exclude = new ArrayList<>();

  @Option(
      names = "--on-indivisible",
      paramLabel = "fail|skip",
      description =
          "What to do with a tensor whose inputs N:M does not divide. Default: that of the recipe,"
              + " else fail.")
  private String onIndivisible;

  @Option(
      names = "--refine",
      paramLabel = "dsnot",
      description =
          "Swap removed for kept weights until the mean output of every row is close to the dense"
              + " one (DSnoT); for unstructured and N:M, needs --inputs.")
  private String refine;

  @Option(
      names = "--calibration-sequences",
      paramLabel = "N",
      description =
          "How many sequences the inputs come from, which --refine divides by. Default: what capture"
              + " wrote into the file.")
  private Long sequences;

  @Option(
      names = "--no-recon-error",
      description =
          "Do not compute ||X(W-W')^T||^2. It takes X^T X, which magnitude and wanda do not need.")
  private boolean noReconError;

  @Option(
      names = "--out",
      paramLabel = "O.safetensors",
      required = true,
      description = "The pruned weights; a folder where --in is one or has several files.")
  private Path out;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of random masks. Default: that of the recipe, else 0.")
  private Long seed;

  @Mixin private JsonOption json;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    SparsityPlan asked = asked();
    String share = option(asked, RunOption.ALLOCATION, allocation, "uniform");
    String indivisible = option(asked, RunOption.ON_INDIVISIBLE, onIndivisible, "fail");
    PruneOptions options =
        new PruneOptions(
            plans(asked),
            choice("--allocation", share, List.of(AllocationRule.values())),
            include,
            exclude,
            choice("--on-indivisible", indivisible, List.of("fail", "skip")).equals("skip"),
            !noReconError);
    json.check();
    PrintWriter err = spec.commandLine().getErr();
    PruneResult result;
    try (ProgressDisplay progress = ProgressDisplay.on(err)) {
      result = FilePruning.run(in, Optional.ofNullable(inputs), out, options, progress::at);
    }
    result.warnings().forEach(err::println);
    json.write(
        spec.commandLine().getOut(),
        () -> PruneText.text(result, options.plans()),
        () -> PruneText.json(result));
    return 0;
  }

  /** The recipe; empty where there is none. */
  private SparsityPlan asked() {
    if (recipe != null) {
      if (method != null || pattern != null || sparsity != null || scope != null) {
        throw new ParameterException(
            spec.commandLine(),
            "--recipe stands in the place of --method, --pattern, --sparsity and --scope; give one or"
                + " the other");
      }
      return PruneRecipe.read(recipe);
    }
    if (method == null || pattern == null) {
      throw new ParameterException(
          spec.commandLine(), "Missing: --method and --pattern, or --recipe");
    }
    return new SparsityPlan(List.of(), Map.of());
  }

  private static String option(
      SparsityPlan asked, RunOption option, String given, String fallback) {
    return given != null ? given : asked.option(option).orElse(fallback);
  }

  private LayerPlans plans(SparsityPlan asked) {
    long drawn = seed != null ? seed : Long.parseLong(option(asked, RunOption.SEED, null, "0"));
    if (recipe == null) {
      return LayerPlans.all(refined(plan().withSeed(drawn)));
    }
    LayerPlans plans = PruneRecipe.plans(asked, drawn);
    return new LayerPlans(
        plans.rules().stream()
            .map(r -> new LayerPlans.Rule(r.layers(), r.plan().map(this::refined)))
            .toList());
  }

  private OneShotPlan plan() {
    String legal = METHODS.stream().map(OneShotMethod::label).collect(Collectors.joining(", "));
    OneShotMethod m =
        OneShotMethod.byLabel(method)
            .orElseThrow(() -> new FiligreeException(Message.FIL_0604, "--method", method, legal));
    if (!METHODS.contains(m)) {
      throw new FiligreeException(
          Message.FIL_0421, method, "a file of weights, which has no gradients of a loss", legal);
    }
    Pattern p =
        Pattern.of(pattern)
            .filter(found -> !(found instanceof Pattern.Row || found instanceof Pattern.Channel))
            .orElseThrow(() -> illegalPattern());
    Scope s =
        scope == null
            ? Scope.DEFAULT
            : choice("--scope", scope, List.of(Scope.ROW, Scope.LAYER, Scope.GLOBAL));
    if (sparsity != null && !(sparsity >= 0 && sparsity < 1)) {
      throw new FiligreeException(
          Message.FIL_0604, "--sparsity", sparsity, "at least 0 and below 1");
    }
    if (p instanceof Pattern.NM nm) {
      return groups(m, nm);
    }
    if (p instanceof Pattern.Block b && (b.outputs() < 1 || b.inputs() < 1)) {
      throw illegalPattern();
    }
    if (sparsity == null) {
      throw new FiligreeException(Message.FIL_0611, pattern);
    }
    return OneShotPlan.of(m, p, sparsity).withScope(s);
  }

  private OneShotPlan refined(OneShotPlan plan) {
    if (refine == null) {
      return plan;
    }
    choice("--refine", refine, List.of(DSNOT));
    if (inputs == null) {
      throw new FiligreeException(Message.FIL_0636, DSNOT);
    }
    if (sequences != null && sequences < 1) {
      throw new FiligreeException(
          Message.FIL_0604, "--calibration-sequences", sequences, "1 or more");
    }
    OptionalLong count =
        sequences == null ? FilePruning.sequences(inputs) : OptionalLong.of(sequences);
    return plan.refinedBy(
        Dsnot.published(count.orElseThrow(() -> new FiligreeException(Message.FIL_0737, inputs))));
  }

  private OneShotPlan groups(OneShotMethod m, Pattern.NM nm) {
    OneShotPlan plan = OneShotPlan.of(m, nm, 0);
    // Thirds have no exact decimal.
    if (sparsity != null && Math.abs(sparsity - plan.sparsity()) > 0.01) {
      throw new FiligreeException(
          Message.FIL_0604,
          "--sparsity",
          sparsity,
          "none with --pattern " + pattern + ", which says it");
    }
    return plan;
  }

  private FiligreeException illegalPattern() {
    return new FiligreeException(
        Message.FIL_0604,
        "--pattern",
        pattern,
        "unstructured, N:M, or block:RxC, for example 2:4 or block:4x1");
  }

  private static <T> T choice(String option, String text, List<T> legal) {
    return legal.stream()
        .filter(value -> value.toString().toLowerCase(Locale.ROOT).equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new FiligreeException(
                    Message.FIL_0604,
                    option,
                    text,
                    legal.toString().toLowerCase(Locale.ROOT).replaceAll("[\\[\\]]", "")));
  }
}
