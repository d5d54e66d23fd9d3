package dev.filigree.cli;

import dev.filigree.cli.file.FileText;
import dev.filigree.file.Verifier;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code filigree verify}. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description =
        "Checks every byte, every mask and every step of a packed file; exit status 1 and the name"
            + " of what broke where something does not hold.")
final class VerifyCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "FILE",
      description = "A packed file, a packed directory, or a file that prune wrote.")
  private Path file;

  @Mixin private JsonOption json;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    json.check();
    Verifier.Checked checked = Verifier.check(file);
    json.write(
        spec.commandLine().getOut(),
        () -> FileText.text(file, checked),
        () -> FileText.json(checked));
    return checked.verification().ok() ? 0 : Main.CHECK_FAILED;
  }
}
