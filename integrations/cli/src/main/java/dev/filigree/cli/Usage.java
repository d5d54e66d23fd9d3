package dev.filigree.cli;

import dev.filigree.plan.Message;
import picocli.CommandLine;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Bad usage: what was wrong, the nearest legal spelling, and how to get help. */
final class Usage implements IParameterExceptionHandler {
  @Override
  public int handleParseException(ParameterException e, String[] arguments) {
    CommandLine line = e.getCommandLine();
    line.getErr()
        .println(Message.FIL_0609.text(e.getMessage(), line.getCommandSpec().qualifiedName()));
    UnmatchedArgumentException.printSuggestions(e, line.getErr());
    line.getErr().flush();
    return Main.BAD_INPUT;
  }
}
