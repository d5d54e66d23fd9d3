package dev.filigree.cli;

import dev.filigree.cli.decoder.CaptureRun;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code filigree capture}. */
@Command(
    name = "capture",
    mixinStandardHelpOptions = true,
    description =
        "Writes what every projection of a language model receives, [tokens, in] in F32 under the"
            + " name of its weight, for prune --inputs. Names are those of Hugging Face, also for a"
            + " GGUF file or a llama2.c .bin.")
final class CaptureCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "M",
      required = true,
      description =
          "A directory with config.json and safetensors, a packed directory, a GGUF file, or a"
              + " llama2.c .bin.")
  private Path model;

  @Option(
      names = "--calibration",
      paramLabel = "F",
      required = true,
      description = "Token ids to calibrate on: a JSON array, or an array of arrays.")
  private Path calibration;

  @Option(
      names = "--calibration-mode",
      paramLabel = "dense|sequential",
      defaultValue = "dense",
      description =
          "Take inputs from the untouched model, or behind blocks pruned as --weights says. Default:"
              + " ${DEFAULT-VALUE}.")
  private String mode;

  @Option(
      names = "--weights",
      paramLabel = "SPEC",
      description = "How blocks are pruned in mode sequential, for example wanda:2:4.")
  private String weights;

  @Option(
      names = "--out",
      paramLabel = "X.safetensors",
      required = true,
      description = "The file of inputs.")
  private Path out;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Of random masks in mode sequential. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Mixin private JsonOption json;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    json.check();
    CaptureRun run = CaptureRun.of(model, calibration, mode, weights, seed, out);
    CaptureRun.Result result;
    try (ProgressDisplay progress = ProgressDisplay.on(spec.commandLine().getErr())) {
      result = run.run(progress);
    }
    json.write(spec.commandLine().getOut(), result::text, result::json);
    return 0;
  }
}
