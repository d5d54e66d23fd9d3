package dev.filigree.cli;

import dev.filigree.cli.decoder.CompressResult;
import dev.filigree.cli.decoder.CompressRun;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code filigree compress}. */
@Command(
    name = "compress",
    mixinStandardHelpOptions = true,
    description =
        "Makes a packed directory of a language model: configuration, tokenizer, packed weights,"
            + " thresholds and receipt. Every --model accepts it.")
final class CompressCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "M",
      required = true,
      description =
          "A directory with config.json and safetensors in the Hugging Face layout of Llama,"
              + " Mistral or Qwen2, a packed directory, a GGUF file, or a llama2.c .bin.")
  private Path model;

  @Option(
      names = "--tokenizer",
      paramLabel = "T",
      description =
          "A tokenizer.json, a GGUF file, or a llama2.c tokenizer.bin, whose tokenizer is put in."
              + " Default: that of the model, where it has one.")
  private Path tokenizer;

  @Option(
      names = "--recipe",
      paramLabel = "R",
      description =
          "A YAML file that says it all, also layer by layer; see docs/recipes.md. Options given"
              + " here win over it.")
  private Path recipe;

  @Option(
      names = "--weights",
      paramLabel = "SPEC",
      description =
          "Prune the seven projections of every block: METHOD:N:M, METHOD:unstructured:S or"
              + " METHOD:block:RxC:S with METHOD magnitude, random, wanda or sparsegpt.")
  private String weights;

  @Option(
      names = "--activation",
      paramLabel = "SPEC",
      description =
          "Skip activations by default: METHOD:S with METHOD teal, teal-greedy, cats, chess, wina, wina-threshold,"
              + " r-sparse, coreinfer or topk; relu or relu:THRESHOLD for a model with ReLU; none for none."
              + " Thresholds are stored, for teal and cats, and for chess or wina-threshold where it is the method,"
              + " at every whole percent. Default: what the model's directory says, else none.")
  private String activation;

  @Option(
      names = "--values",
      paramLabel = "f32|bf16|int8",
      description =
          "Type of stored weights; bf16 and int8 round. Default: that of the recipe, else f32.")
  private String values;

  @Option(
      names = "--calibration",
      paramLabel = "F",
      description = "Token ids to calibrate on: a JSON array, or an array of arrays.")
  private Path calibration;

  @Option(
      names = "--calibration-mode",
      paramLabel = "sequential|dense",
      description =
          "Whether a block is calibrated behind the pruned blocks before it, or in the untouched"
              + " model. Default: that of the recipe, else sequential.")
  private String mode;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "The directory; it must not exist yet, or be empty.")
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
    json.check();
    CompressRun run =
        CompressRun.of(
            new CompressRun.Arguments(
                model,
                tokenizer,
                recipe,
                weights,
                activation,
                values,
                calibration,
                mode,
                seed,
                out));
    CompressResult result;
    try (ProgressDisplay progress = ProgressDisplay.on(spec.commandLine().getErr())) {
      result = run.run(progress);
    }
    result.warnings().forEach(spec.commandLine().getErr()::println);
    json.write(spec.commandLine().getOut(), result::text, result::json);
    return 0;
  }
}
