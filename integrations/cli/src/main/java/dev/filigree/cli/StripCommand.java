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

/** {@code filigree strip}. */
@Command(
    name = "strip",
    mixinStandardHelpOptions = true,
    description =
        "Makes a plain dense file that knows nothing of Filigree: zeros in it, without masks and receipt.")
final class StripCommand implements Callable<Integer> {
  @Option(
      names = "--in",
      paramLabel = "FILE",
      required = true,
      description = "A packed file, a packed directory, or a pruned safetensors file.")
  private Path in;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      required = true,
      description = "The plain safetensors file; a folder where --in has several files.")
  private Path out;

  @Mixin private JsonOption json;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    json.check();
    Packing.Result result;
    try (ProgressDisplay progress = ProgressDisplay.on(spec.commandLine().getErr())) {
      result = Packing.strip(in, out, progress::at);
    }
    json.write(spec.commandLine().getOut(), () -> FileText.dense(result), () -> Json.text(result));
    return 0;
  }
}
