package dev.filigree.cli;

import dev.filigree.cli.decoder.EvalResult;
import dev.filigree.cli.decoder.EvalRun;
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
            allowOverlap);
    EvalResult result;
    try (ProgressDisplay progress = ProgressDisplay.on(spec.commandLine().getErr())) {
      result = run.run(progress);
    }
    result.warnings().forEach(spec.commandLine().getErr()::println);
    json.write(spec.commandLine().getOut(), result::text, result::json);
    return 0;
  }
}
