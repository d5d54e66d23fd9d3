package dev.filigree.cli;

import dev.filigree.cli.file.FileText;
import dev.filigree.file.Inspection;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code filigree inspect}. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    description =
        "Shows every tensor of a file: shape, type, pattern found, sparsity, format, bytes, share of"
            + " the file.")
final class InspectCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "FILE",
      description = "A safetensors file, packed or not, an index, a folder, or a packed directory.")
  private Path file;

  @Mixin private JsonOption json;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    json.check();
    Inspection found;
    try (ProgressDisplay progress = ProgressDisplay.on(spec.commandLine().getErr())) {
      found = Inspection.of(file, progress::at);
    }
    json.write(spec.commandLine().getOut(), () -> FileText.text(found), () -> FileText.json(found));
    return 0;
  }
}
