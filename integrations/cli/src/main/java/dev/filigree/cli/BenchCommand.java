package dev.filigree.cli;

import dev.filigree.cli.bench.Bench;
import dev.filigree.cli.bench.BenchResult;
import dev.filigree.cli.bench.DefaultPolicy;
import dev.filigree.cli.bench.LayerSpec;
import dev.filigree.cli.bench.Threads;
import dev.filigree.plan.Setting;
import java.io.PrintWriter;
import java.time.Duration;
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
  private final Bench.Budget budget;

  @Option(
      names = "--op",
      paramLabel = "linear|gated-ffn|qkv",
      defaultValue = "linear",
      description =
          "What is computed: one linear layer; a gated feed-forward block, down(SiLU(gate(x)) *"
              + " up(x)), with R hidden units; or three layers that share their input. Default:"
              + " ${DEFAULT-VALUE}.")
  private String op;

  @Option(names = "--rows", paramLabel = "R", required = true, description = "Outputs.")
  private int rows;

  @Option(names = "--cols", paramLabel = "C", required = true, description = "Inputs.")
  private int cols;

  @Option(
      names = "--batch",
      paramLabel = "B",
      defaultValue = "1",
      description = "Activation rows of one call. Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Option(
      names = "--pattern",
      paramLabel = "P",
      required = true,
      description =
          "What is removed: unstructured, N:M (N kept of each M consecutive inputs), block:RxC (R"
              + " outputs by C inputs), or dense for nothing.")
  private String pattern;

  @Option(
      names = "--sparsity",
      paramLabel = "S",
      description =
          "Fraction of the weights removed, at least 0 and below 1; for unstructured and block.")
  private Double sparsity;

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
          "Stored type of the packed weights; sums are in float32. Default: ${DEFAULT-VALUE}.")
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
    this(Bench.Budget.DEFAULT);
  }

  /** A command that spends another budget. */
  BenchCommand(Bench.Budget budget) {
    this.budget = budget;
  }

  @Override
  public Integer call() {
    LayerSpec layer =
        LayerSpec.of(
            new LayerSpec.Arguments(
                op,
                rows,
                cols,
                batch,
                pattern,
                sparsity,
                activationSparsity,
                format,
                values,
                workingSet,
                seed));
    json.check();
    // The annotated samples lie on the class path, but nothing annotated runs here.
    System.setProperty(Setting.UNWOVEN.property(), "ignore");
    Threads.use(threads == null ? Runtime.getRuntime().availableProcessors() : threads);
    PrintWriter out = spec.commandLine().getOut();
    if (denseOnlyMillis != null) {
      out.println(Bench.denseMicros(layer, budget, Duration.ofMillis(denseOnlyMillis)));
      return 0;
    }
    BenchResult result;
    try (ProgressDisplay progress = ProgressDisplay.on(spec.commandLine().getErr())) {
      result = Bench.run(layer, budget, Main.class.getName(), progress);
    }
    json.write(out, result::text, result::json);
    return 0;
  }
}
