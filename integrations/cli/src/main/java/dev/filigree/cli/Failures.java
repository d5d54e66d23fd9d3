package dev.filigree.cli;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.PrintWriter;
import java.util.function.BooleanSupplier;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Bad input: one message. Anything else: one message too, that asks for a report. */
final class Failures implements IExecutionExceptionHandler {
  private final BooleanSupplier debug;

  /**
   * A handler that prints stack traces where asked to.
   *
   * @param debug whether {@code --debug} was given, known once the arguments are parsed
   */
  Failures(BooleanSupplier debug) {
    this.debug = debug;
  }

  @Override
  public int handleExecutionException(Exception e, CommandLine line, ParseResult parsed) {
    PrintWriter err = line.getErr();
    err.println(
        e instanceof FiligreeException
            ? e.getMessage()
            : Message.FIL_0610.text(line.getCommandSpec().qualifiedName(), e));
    if (debug.getAsBoolean()) {
      e.printStackTrace(err);
    }
    return Main.BAD_INPUT;
  }
}
