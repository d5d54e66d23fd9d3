package dev.filigree.cli;

import dev.filigree.cli.bench.Bench;
import dev.filigree.cli.bench.BenchResult;
import dev.filigree.cli.bench.DefaultPolicy;
import dev.filigree.cli.bench.Grid;
import dev.filigree.cli.bench.LayerSpec;
import dev.filigree.cli.bench.Threads;
import dev.filigree.cli.regret.CaseFile;
import dev.filigree.cli.regret.Regret;
import dev.filigree.cli.regret.RegretResult;
import dev.filigree.djl.PackOptions;
import dev.filigree.file.AtomicFile;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Setting;
import dev.filigree.samples.digits.Progress;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code filigree bench}. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description =
        "Measures one layer, dense through DJL against packed, in one process, turn and turn about.")
final class BenchCommand implements Callable<Integer> {
  private static final int MOST_SECONDS = 600;
  private final Bench.Budget budget;
  private final Regret.Budget regretBudget;

  @Option(
      names = "--op",
      paramLabel = "linear|gated-ffn|qkv",
      defaultValue = "linear",
      description =
          "What is computed: one linear layer; a gated feed-forward block, down(SiLU(gate(x)) *"
              + " up(x)), with R hidden units; or three layers that share their input. Default:"
              + " ${DEFAULT-VALUE}.")
  private String op;

  @Option(
      names = "--rows",
      paramLabel = "R",
      split = ",",
      description = "Outputs; with --grid several, separated by commas.")
  private List<Integer> rows;

  @Option(
      names = "--cols",
      paramLabel = "C",
      split = ",",
      description = "Inputs; with --grid as many as --rows.")
  private List<Integer> cols;

  @Option(
      names = "--batch",
      paramLabel = "B",
      split = ",",
      description =
          "Activation rows of one call; with --grid several. Default: 1, with --grid 1 and 64.")
  private List<Integer> batch;

  @Option(
      names = "--pattern",
      paramLabel = "P",
      description =
          "What is removed: unstructured, N:M (N kept of each M consecutive inputs), block:RxC (R"
              + " outputs by C inputs), or dense for nothing.")
  private String pattern;

  @Option(
      names = "--sparsity",
      paramLabel = "S",
      split = ",",
      description =
          "Fraction of the weights removed, at least 0 and below 1; for unstructured and block;"
              + " with --grid several.")
  private List<Double> sparsity;

  @Option(
      names = "--grid",
      description =
          "Measure many layers, more briefly each: by default 1024 x 1024, 4096 x 1024 and 4096 x"
              + " 4096 at batch 1 and 64, unstructured at 0.5, 0.7, 0.8 and 0.9.")
  private boolean grid;

  @Option(
      names = "--plot",
      paramLabel = "FILE",
      description = "With --grid: draw speed against sparsity into an SVG file.")
  private Path plot;

  @Option(
      names = "--regret",
      description =
          "Measure how well the break-even gate chooses: pack each layer of a list as an"
              + " application would, then measure all of its forms again.")
  private boolean regret;

  @Option(
      names = "--cases",
      paramLabel = "FILE",
      description =
          "With --regret: the layers, one a line, instead of the list that comes with Filigree:"
              + " outputs, inputs, batch, pattern, sparsity (- where the pattern says it), activation"
              + " sparsity.")
  private Path cases;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      description =
          "With --regret: how long the second measurement of each layer takes. Default: 3.")
  private Double seconds;

  @Option(
      names = "--activation-sparsity",
      paramLabel = "A",
      defaultValue = "0",
      description =
          "Share of zeros in every input vector; of a gated feed-forward the share of gates that"
              + " are below the threshold (CATS). Default: ${DEFAULT-VALUE}.")
  private double activationSparsity;

  @Option(
      names = "--format",
      paramLabel = "F",
      defaultValue = "auto",
      description =
          "Packed form: dense, columns, bitmap, csr, sell, nm (sell for N:M), or auto for the"
              + " fastest that is legal. Default: ${DEFAULT-VALUE}.")
  private String format;

  @Option(
      names = "--values",
      paramLabel = "f32|bf16|int8",
      defaultValue = "f32",
      description =
          "Stored type of the packed weights; sums are in float32. With --regret what the gate may"
              + " take, f32 or bf16. Default: ${DEFAULT-VALUE}.")
  private String values;

  @Option(
      names = "--threads",
      paramLabel = "T",
      description = "Threads of both sides. Default: as many as the machine has processors.")
  private Integer threads;

  @Option(
      names = "--working-set",
      paramLabel = "cold|hot",
      defaultValue = "cold",
      description =
          "cold: every call meets weights that left the cache; hot: the same weights over and over."
              + " Default: ${DEFAULT-VALUE}.")
  private String workingSet;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "The same seed gives the same weights, masks and inputs. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(names = DefaultPolicy.DENSE_ONLY, hidden = true)
  private Long denseOnlyMillis;

  @Mixin private JsonOption json;
  @Spec private CommandSpec spec;

  BenchCommand() {
    this(Bench.Budget.DEFAULT, Regret.Budget.DEFAULT);
  }

  /** A command that spends other budgets. */
  BenchCommand(Bench.Budget budget, Regret.Budget regretBudget) {
    this.budget = budget;
    this.regretBudget = regretBudget;
  }

  @Override
  public Integer call() {
    if (regret) {
      return regret();
    }
    onlyWithRegret("--cases", cases);
    onlyWithRegret("--seconds", seconds);
    if (plot != null && !grid) {
      throw new FiligreeException(Message.FIL_0604, "--plot", plot, "only together with --grid");
    }
    List<LayerSpec> layers = grid ? layers(axes()) : List.of(layer());
    json.check();
    if (plot != null) {
      Results.requireOwnPlace(spec, "--plot", plot);
      AtomicFile.checkWritable(plot);
    }
    prepareProcess();
    PrintWriter out = spec.commandLine().getOut();
    if (denseOnlyMillis != null) {
      out.println(Bench.denseMicros(layers.get(0), budget, Duration.ofMillis(denseOnlyMillis)));
      return 0;
    }
    List<BenchResult> results = new ArrayList<>();
    try (ProgressDisplay progress = ProgressDisplay.on(spec.commandLine().getErr())) {
      for (LayerSpec layer : layers) {
        Progress shown =
            grid
                ? (task, done, total) -> progress.at("layers", results.size(), layers.size())
                : progress;
        Bench.Budget spent = grid ? budget.brief() : budget;
        results.add(Bench.run(layer, spent, Main.class.getName(), shown));
      }
    }
    if (grid) {
      Grid all = new Grid(results);
      if (plot != null) {
        AtomicFile.write(plot, all.svg());
      }
      json.write(out, all::text, all::json);
    } else {
      json.write(out, results.get(0)::text, results.get(0)::json);
    }
    return 0;
  }

  private static void onlyWithRegret(String option, Object value) {
    if (value != null) {
      throw new FiligreeException(Message.FIL_0604, option, value, "only together with --regret");
    }
  }

  private int regret() {
    if (grid || plot != null || rows != null || cols != null || batch != null || pattern != null) {
      throw new FiligreeException(
          Message.FIL_0609,
          "--regret takes its layers from --cases; of the other options only --seconds, --values,"
              + " --threads and --json go with it",
          "filigree bench");
    }
    if (seconds != null && !(seconds > 0 && seconds <= MOST_SECONDS)) {
      throw new FiligreeException(
          Message.FIL_0604, "--seconds", seconds, "above 0, at most " + MOST_SECONDS);
    }
    PackOptions.Precision precision = precision();
    List<LayerSpec> layers = cases == null ? CaseFile.usual() : CaseFile.read(cases);
    json.check();
    prepareProcess();
    Regret.Budget spent =
        seconds == null
            ? regretBudget
            : regretBudget.withMeasuring(Duration.ofMillis(Math.round(1000 * seconds)));
    PrintWriter err = spec.commandLine().getErr();
    err.printf(
        Locale.ROOT, "%d layers, about %.0f s%n", layers.size(), Regret.estimate(layers, spent));
    err.flush();
    RegretResult result;
    try (ProgressDisplay progress = ProgressDisplay.on(err)) {
      result = Regret.run(layers, precision, spent, progress);
    }
    json.write(spec.commandLine().getOut(), result::text, result::json);
    return 0;
  }

  /** What the gate may store weights as. */
  private PackOptions.Precision precision() {
    Optional<ValueType> type = ValueType.of(values);
    if (type.isPresent() && type.get() == ValueType.F32) {
      return PackOptions.Precision.F32;
    }
    if (type.isPresent() && type.get() == ValueType.BF16) {
      return PackOptions.Precision.BF16;
    }
    throw new FiligreeException(
        Message.FIL_0604, "--values", values, "f32 or bf16 with --regret, as the gate's precision");
  }

  private void prepareProcess() {
    // The annotated samples lie on the class path, but no model of theirs runs here.
    System.setProperty(Setting.UNWOVEN.property(), "ignore");
    Threads.use(threads == null ? Runtime.getRuntime().availableProcessors() : threads);
  }

  private LayerSpec layer() {
    String asked = only("--pattern", "P", pattern == null ? List.of() : List.of(pattern));
    Double share = sparsity == null ? null : only("--sparsity", "S", sparsity);
    return layer(
        only("--rows", "R", rows),
        only("--cols", "C", cols),
        batch == null ? 1 : only("--batch", "B", batch),
        asked,
        share);
  }

  private static <T> T only(String option, String label, List<T> values) {
    if (values == null || values.isEmpty()) {
      throw new FiligreeException(
          Message.FIL_0609,
          "Missing required option: '" + option + "=" + label + "'",
          "filigree bench");
    }
    if (values.size() > 1) {
      throw new FiligreeException(Message.FIL_0604, option, values, "one value, or --grid");
    }
    return values.get(0);
  }

  private Grid.Axes axes() {
    List<int[]> shapes = new ArrayList<>();
    if (rows == null && cols == null) {
      shapes.addAll(
          List.of(new int[] {1024, 1024}, new int[] {4096, 1024}, new int[] {4096, 4096}));
    } else if (rows == null || cols == null || rows.size() != cols.size()) {
      throw new FiligreeException(
          Message.FIL_0604, "--cols", cols, "as many values as --rows, which is " + rows);
    } else {
      for (int i = 0; i < rows.size(); i++) {
        shapes.add(new int[] {rows.get(i), cols.get(i)});
      }
    }
    boolean saysItself =
        pattern != null && !pattern.equals("unstructured") && !pattern.startsWith("block");
    List<Double> shares =
        sparsity != null
            ? sparsity
            : saysItself ? Collections.singletonList(null) : List.of(0.5, 0.7, 0.8, 0.9);
    return new Grid.Axes(shapes, batch == null ? List.of(1, 64) : batch, shares);
  }

  private List<LayerSpec> layers(Grid.Axes axes) {
    List<LayerSpec> all = new ArrayList<>();
    for (int[] shape : axes.shapes()) {
      for (int rowsOfCall : axes.batches()) {
        for (Double share : axes.sparsities()) {
          String asked = pattern == null ? "unstructured" : pattern;
          all.add(layer(shape[0], shape[1], rowsOfCall, asked, share));
        }
      }
    }
    return all;
  }

  private LayerSpec layer(int outputs, int inputs, int rowsOfCall, String asked, Double share) {
    return LayerSpec.of(
        new LayerSpec.Arguments(
            op,
            outputs,
            inputs,
            rowsOfCall,
            asked,
            share,
            activationSparsity,
            format,
            values,
            workingSet,
            seed));
  }
}
