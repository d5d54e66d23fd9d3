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

/** {@code filigree unpack}. */
@Command(
    name = "unpack",
    mixinStandardHelpOptions = true,
    description = "Makes the dense file that a packed one was made from.")
final class UnpackCommand implements Callable<Integer> {
  @Option(
      names = "--in",
      paramLabel = "FILE",
      required = true,
      description = "A packed file or a packed directory.")
  private Path in;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      required = true,
      description = "The dense safetensors file.")
  private Path out;

  @Mixin private JsonOption json;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    json.check();
    Packing.Result result;
    try (ProgressDisplay progress = ProgressDisplay.on(spec.commandLine().getErr())) {
      result = Packing.unpack(in, out, progress::at);
    }
    json.write(spec.commandLine().getOut(), () -> FileText.dense(result), () -> Json.text(result));
    return 0;
  }
}
