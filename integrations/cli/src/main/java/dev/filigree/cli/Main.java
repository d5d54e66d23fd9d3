package dev.filigree.cli;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Setting;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/**
 * Entry point. Exit status: 0 done, 1 done but a check failed, 2 bad usage or bad input. Results go
 * to standard output, all else to standard error.
 */
@Command(
    name = "filigree",
    description = "Sparse deep-learning models in Java, by annotation.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      BenchCommand.class,
      CaptureCommand.class,
      CompressCommand.class,
      PruneCommand.class,
      PackCommand.class,
      UnpackCommand.class,
      InspectCommand.class,
      VerifyCommand.class,
      StripCommand.class,
      EvalCommand.class,
      GenerateCommand.class,
      CompareCommand.class,
      AttachCommand.class
    })
public final class Main {
  /** The work was done, and a check failed. */
  static final int CHECK_FAILED = 1;

  /** Bad usage or bad input. */
  static final int BAD_INPUT = 2;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Also print the stack trace of a failure.")
  private boolean debug;

  private Main() {}

  /** Runs one command and ends the JVM with its exit status. */
  public static void main(String[] arguments) {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    System.exit(run(out, err, arguments));
  }

  /** Runs one command and returns its exit status. */
  static int run(PrintWriter out, PrintWriter err, String... arguments) {
    Main main = new Main();
    CommandLine line = new CommandLine(main);
    line.setOut(out);
    line.setErr(err);
    line.setUsageHelpAutoWidth(true);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionStrategy(
        parsed -> {
          try {
            Setting.check();
          } catch (FiligreeException e) {
            // The form in which the handler of failures gets it.
            throw new CommandLine.ExecutionException(line, e.getMessage(), e);
          }
          return new CommandLine.RunLast().execute(parsed);
        });
    line.setExecutionExceptionHandler(new Failures(() -> main.debug));
    line.setParameterExceptionHandler(new Usage());
    if (arguments.length == 0) {
      line.usage(err);
      return BAD_INPUT;
    }
    int status = line.execute(arguments);
    out.flush();
    err.flush();
    return status;
  }
}
