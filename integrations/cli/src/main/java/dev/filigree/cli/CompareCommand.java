package dev.filigree.cli;

import dev.filigree.cli.decoder.CompareResult;
import dev.filigree.cli.decoder.CompareRun;
import dev.filigree.cli.decoder.CompareSetting;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code filigree compare}. */
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    description =
        "Measures the speed of one language model under several settings, in turns in one process.")
final class CompareCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "M",
      description = "A model as eval and generate take it, no packed directory.")
  private Path model;

  @Option(
      names = "--random-model",
      paramLabel = "SHAPE",
      description =
          "A model with random weights: a (width 1280, 24 layers), b (that of Qwen2.5-0.5B) or"
              + " tiny.")
  private String randomModel;

  @Option(
      names = "--settings",
      paramLabel = "VALUES[+METHOD:S],...",
      defaultValue = "f32,f32+teal:0.5,bf16,bf16+teal:0.5,int8,int8+teal:0.5",
      split = ",",
      description =
          "Type of the weights and how activations are skipped while decoding. The first is what all"
              + " are compared with. Default: ${DEFAULT-VALUE}.")
  private String[] settings;

  @Option(
      names = "--calibration",
      paramLabel = "F",
      description =
          "Token ids to calibrate on: a JSON array, or an array of arrays. A random model draws its"
              + " own.")
  private Path calibration;

  @Option(
      names = "--prompt-tokens",
      paramLabel = "N",
      defaultValue = "64",
      description = "Length of the prompt, drawn by the seed. Default: ${DEFAULT-VALUE}.")
  private int promptTokens;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "128",
      description = "Tokens decoded under each setting. Default: ${DEFAULT-VALUE}.")
  private int steps;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "The same seed draws the same numbers. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Mixin private JsonOption json;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    json.check();
    CompareRun run =
        CompareRun.of(
            model,
            randomModel,
            CompareSetting.all(settings),
            calibration,
            promptTokens,
            steps,
            seed);
    CompareResult result;
    try (ProgressDisplay progress = ProgressDisplay.on(spec.commandLine().getErr())) {
      result = run.run(progress);
    }
    json.write(spec.commandLine().getOut(), result::text, result::json);
    return 0;
  }
}
