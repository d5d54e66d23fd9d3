package dev.filigree.cli;

import dev.filigree.cli.decoder.ChatResult;
import dev.filigree.cli.decoder.ChatRun;
import dev.filigree.cli.decoder.GenerateResult;
import dev.filigree.cli.decoder.GenerateRun;
import dev.filigree.cli.decoder.TextBeginning;
import dev.filigree.decoder.generate.Sampler;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code filigree generate}. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    description = "Continues a text with a language model.")
final class GenerateCommand implements Callable<Integer> {
  @Mixin private DecoderOptions decoder;

  @Option(
      names = "--random-model",
      paramLabel = "SHAPE",
      description =
          "A model with random weights, to measure speed: a (width 1280, 24 layers), b (that of"
              + " Qwen2.5-0.5B) or tiny.")
  private String randomModel;

  @Option(names = "--prompt", paramLabel = "TEXT", description = "The text to continue.")
  private String prompt;

  @Option(
      names = "--ids",
      paramLabel = "F",
      description = "Token ids to continue, a JSON array, taken as they are.")
  private Path ids;

  @Option(
      names = "--chat",
      paramLabel = "TEXT",
      description =
          "What a user says; the model answers. Written as the chat template of the model wants it."
              + " - reads a message a line from standard input and answers each, with all that was"
              + " said before.")
  private String chat;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "The system message before --chat.")
  private String system;

  @Option(
      names = "--steps",
      paramLabel = "N",
      required = true,
      description =
          "New tokens, of every answer in a chat; fewer where the text ends or the context is full.")
  private int steps;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      defaultValue = "0",
      description = "0 takes the most likely token, 1 draws as the model says. Default: 0.")
  private double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      defaultValue = "0",
      description = "Draw among the K most likely tokens only; 0 for all. Default: 0.")
  private int topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      defaultValue = "1",
      description =
          "Draw among the most likely tokens that together reach this probability. Default: 1.")
  private double topP;

  @Option(
      names = "--activation-scope",
      paramLabel = "all|decode",
      defaultValue = "decode",
      description =
          "Skip activations at every position, or only where tokens come one at a time. Default:"
              + " ${DEFAULT-VALUE}.")
  private String scope;

  @Option(
      names = "--return-to-dense",
      description =
          "Skip nothing any more once less than planned was skipped, by 10 points, over 1000 tokens.")
  private boolean returnToDense;

  @Mixin private JsonOption json;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    json.check();
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    TextBeginning beginning = new TextBeginning(prompt, ids, chat, system);
    if (beginning.isConversation()) {
      return converse(out, err);
    }
    GenerateRun run =
        new GenerateRun(
            decoder.spec(randomModel),
            beginning,
            decoder.tokenizer(),
            steps,
            new Sampler.Settings(temperature, topK, topP, decoder.seed()),
            DecoderOptions.scope(scope),
            decoder.keepFirst(),
            returnToDense);
    boolean toOut = !json.isStandardOutput();
    GenerateResult result;
    try (ProgressDisplay progress = ProgressDisplay.on(err)) {
      result =
          run.run(
              progress,
              text -> {
                if (toOut) {
                  out.print(text);
                  out.flush();
                }
              });
    }
    json.write(out, () -> shown(result), result::json);
    result.warnings().forEach(err::println);
    err.print(result.summary());
    return 0;
  }

  private int converse(PrintWriter out, PrintWriter err) {
    ChatRun run =
        new ChatRun(
            decoder.spec(randomModel),
            system,
            decoder.tokenizer(),
            steps,
            new Sampler.Settings(temperature, topK, topP, decoder.seed()),
            new ChatRun.Phase(DecoderOptions.scope(scope), decoder.keepFirst(), returnToDense));
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    ChatResult result;
    try (ProgressDisplay progress = ProgressDisplay.on(err)) {
      result =
          run.run(
              progress, lines, new ChatScreen(json.isStandardOutput() ? null : out, err, progress));
    }
    json.write(out, () -> "", result::json);
    result.warnings().forEach(err::println);
    err.print(result.summary());
    return 0;
  }

  /** The text was shown as it came; without a tokenizer the ids are all there is. */
  private static String shown(GenerateResult result) {
    return result.text() == null ? result.ids() + System.lineSeparator() : System.lineSeparator();
  }
}
