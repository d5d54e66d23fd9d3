package dev.filigree.cli;

import dev.filigree.agent.FiligreeAgent;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code filigree attach}. */
@Command(
    name = "attach",
    mixinStandardHelpOptions = true,
    description =
        "Brings the agent into a running JVM of the same user, so that annotated models there are"
            + " bound at their next forward pass.")
final class AttachCommand implements Callable<Integer> {
  @Parameters(paramLabel = "PID", description = "Process id of the JVM, as jps shows it.")
  private long pid;

  @Option(
      names = "--dry-run",
      description = "Report what would be bound there, and change nothing.")
  private boolean dryRun;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Map<String, String> options = dryRun ? Map.of("dry-run", "true") : Map.of();
    FiligreeAgent.attach(pid, options).forEach(spec.commandLine().getOut()::println);
    return 0;
  }
}
