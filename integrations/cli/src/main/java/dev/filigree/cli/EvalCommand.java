package dev.filigree.cli;

import dev.filigree.cli.decoder.EvalResult;
import dev.filigree.cli.decoder.EvalRun;
import dev.filigree.cli.decoder.SweepResult;
import dev.filigree.cli.decoder.SweepRun;
import dev.filigree.file.AtomicFile;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code filigree eval}. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    description = "Measures the next-token loss of a language model under a sparsity setting.")
final class EvalCommand implements Callable<Integer> {
  @Mixin private DecoderOptions decoder;

  @Option(
      names = "--ids",
      paramLabel = "F",
      description = "Token ids to evaluate on: a JSON array, or an array of arrays.")
  private Path ids;

  @Option(names = "--text", paramLabel = "F", description = "A text file to evaluate on.")
  private Path text;

  @Option(
      names = "--window",
      paramLabel = "N",
      description = "Ids of a window of the text. Default: the context, at most 2048.")
  private Integer window;

  @Option(
      names = "--activation-scope",
      paramLabel = "all|decode",
      defaultValue = "all",
      description =
          "Skip activations at every position, or only where tokens come one at a time. Default:"
              + " ${DEFAULT-VALUE}.")
  private String scope;

  @Option(
      names = "--allow-overlap",
      description = "Accept sequences that are in both the calibration and the evaluation data.")
  private boolean allowOverlap;

  @Option(
      names = "--compare-dense",
      description =
          "Compare every prediction with that of the dense model (float32), however large it is."
              + " Below 256 MiB that is done anyway where something is sparse or rounded.")
  private boolean compareDense;

  @Option(
      names = "--sweep",
      paramLabel = "SPEC,...|METHOD,...xS,...",
      description =
          "Measure many activation settings, one after the other: teal:0.5,cats:0.7 or"
              + " teal,catsx0.3,0.5,0.7.")
  private String sweep;

  @Option(
      names = "--rise",
      paramLabel = "P",
      defaultValue = "1",
      description =
          "With --sweep: say at which sparsity perplexity has risen by P percent. Default:"
              + " ${DEFAULT-VALUE}.")
  private double rise;

  @Option(
      names = "--plot",
      paramLabel = "FILE.svg",
      description = "With --sweep: draw loss against bytes of weights read per token and speed.")
  private Path plot;

  @Mixin private JsonOption json;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    json.check();
    EvalRun run =
        new EvalRun(
            decoder.spec(null),
            ids,
            text,
            decoder.tokenizer(),
            window,
            DecoderOptions.scope(scope),
            decoder.keepFirst(),
            allowOverlap,
            compareDense);
    if (sweep != null) {
      return sweep(run);
    }
    if (plot != null) {
      throw new FiligreeException(Message.FIL_0604, "--plot", plot, "only together with --sweep");
    }
    EvalResult result;
    try (ProgressDisplay progress = ProgressDisplay.on(spec.commandLine().getErr())) {
      result = run.run(progress);
    }
    result.warnings().forEach(spec.commandLine().getErr()::println);
    json.write(spec.commandLine().getOut(), result::text, result::json);
    return 0;
  }

  private int sweep(EvalRun run) {
    SweepRun all = SweepRun.of(run, sweep, rise);
    if (plot != null) {
      Results.requireOwnPlace(spec, "--plot", plot);
      AtomicFile.checkWritable(plot);
    }
    SweepResult result;
    try (ProgressDisplay progress = ProgressDisplay.on(spec.commandLine().getErr())) {
      result = all.run(progress);
    }
    result.warnings().forEach(spec.commandLine().getErr()::println);
    if (plot != null) {
      AtomicFile.write(plot, result.svg());
    }
    json.write(spec.commandLine().getOut(), result::text, result::json);
    return 0;
  }
}
