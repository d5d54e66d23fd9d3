package dev.filigree.cli;

import dev.filigree.cli.file.FileText;
import dev.filigree.file.Packing;
import dev.filigree.report.Json;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code filigree pack}. */
@Command(
    name = "pack",
    mixinStandardHelpOptions = true,
    description =
        "Makes a packed file of a dense one with zeros; unpack gives the same bytes back.")
final class PackCommand implements Callable<Integer> {
  @Option(
      names = "--in",
      paramLabel = "FILE",
      required = true,
      description =
          "A safetensors file, an index, or a folder with one of them; several files become one.")
  private Path in;

  @Option(names = "--out", paramLabel = "FILE", required = true, description = "The packed file.")
  private Path out;

  @Option(
      names = "--keep-negative-zero",
      description = "Keep -0.0 in packed tensors; else it comes back as 0.0.")
  private boolean keepNegativeZero;

  @Mixin private JsonOption json;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    json.check();
    Packing.Result result;
    try (ProgressDisplay progress = ProgressDisplay.on(spec.commandLine().getErr())) {
      result = Packing.pack(in, out, keepNegativeZero, progress::at);
    }
    json.write(spec.commandLine().getOut(), () -> FileText.packed(result), () -> Json.text(result));
    return 0;
  }
}
