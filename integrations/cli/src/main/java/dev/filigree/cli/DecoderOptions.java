package dev.filigree.cli;

import dev.filigree.cli.decoder.DecoderSpec;
import dev.filigree.cli.decoder.ModelTokenizer;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The options that say which language model is meant and how it is made sparse. */
final class DecoderOptions {
  @Option(
      names = "--model",
      paramLabel = "M",
      description =
          "A directory with config.json and safetensors in the Hugging Face layout of Llama,"
              + " Mistral or Qwen2, a packed directory, a GGUF file (llama or qwen2; F32, F16, BF16,"
              + " Q8_0), or a llama2.c .bin.")
  private Path model;

  @Option(
      names = "--tokenizer",
      paramLabel = "T",
      description =
          "A tokenizer.json, a GGUF file, or a llama2.c tokenizer.bin. Default: that of the model,"
              + " where it has one.")
  private Path tokenizer;

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
          "Skip activations: METHOD:S with METHOD teal, teal-greedy, cats, chess, wina, wina-threshold,"
              + " r-sparse, coreinfer or topk; relu or relu:THRESHOLD for a model with ReLU; none for none. Default: what"
              + " the model's directory says, else none.")
  private String activation;

  @Option(
      names = "--calibration",
      paramLabel = "F",
      description = "Token ids to calibrate on: a JSON array, or an array of arrays.")
  private Path calibration;

  @Option(
      names = "--calibration-mode",
      paramLabel = "sequential|dense",
      defaultValue = "sequential",
      description =
          "Whether a block is calibrated behind the pruned blocks before it, or in the untouched"
              + " model. Default: ${DEFAULT-VALUE}.")
  private String mode;

  @Option(
      names = "--values",
      paramLabel = "f32|bf16|int8",
      description =
          "Type of stored weights; sums are in float32. Default: that of a packed directory, else"
              + " f32.")
  private String values;

  @Option(
      names = "--keep-first",
      paramLabel = "K",
      defaultValue = "0",
      description =
          "Positions from the start that skip nothing, the prompt of coreinfer. Default: ${DEFAULT-VALUE}.")
  private int keepFirst;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "The same seed draws the same numbers. Default: ${DEFAULT-VALUE}.")
  private long seed;

  DecoderSpec spec(String randomModel) {
    if (keepFirst < 0) {
      throw new FiligreeException(Message.FIL_0604, "--keep-first", keepFirst, "0 or more");
    }
    return DecoderSpec.of(
        new DecoderSpec.Arguments(
            model, randomModel, weights, activation, values, calibration, mode, seed));
  }

  Path tokenizer() {
    return tokenizer != null || model == null ? tokenizer : ModelTokenizer.of(model).orElse(null);
  }

  int keepFirst() {
    return keepFirst;
  }

  long seed() {
    return seed;
  }

  static SessionSettings.Scope scope(String text) {
    return switch (text) {
      case "all" -> SessionSettings.Scope.ALL;
      case "decode" -> SessionSettings.Scope.DECODE;
      default ->
          throw new FiligreeException(Message.FIL_0604, "--activation-scope", text, "all, decode");
    };
  }
}
