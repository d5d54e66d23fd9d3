package dev.filigree.cli;

import dev.filigree.file.IoReason;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Keeps what a command reports from taking the place of what it reads or makes. */
final class Results {
  private static final String INDEX_ENDING = ".index.json";

  private Results() {}

  /**
   * Refuses a report that would be written onto a file of another argument, or onto one that is
   * there already in a folder of another argument.
   *
   * @param option that names the report
   * @throws FiligreeException FIL-0870
   */
  static void requireOwnPlace(CommandSpec command, String option, Path report) {
    for (ArgSpec arg : command.args()) {
      String name = arg instanceof OptionSpec o ? o.longestName() : arg.paramLabel();
      if (!name.equals(option) && arg.getValue() instanceof Path other && takes(report, other)) {
        throw new FiligreeException(Message.FIL_0870, option, report, name);
      }
    }
  }

  private static boolean takes(Path report, Path other) {
    Path file = report.toAbsolutePath().normalize();
    Path given = other.toAbsolutePath().normalize();
    if (file.equals(given) || isSame(report, other)) {
      return true;
    }
    Path folder = given.toString().endsWith(INDEX_ENDING) ? given.getParent() : given;
    if (!Files.exists(report) || !Files.isDirectory(folder)) {
      return false;
    }
    return isSame(file.getParent(), folder) || isIn(report, folder);
  }

  /** Also through a link. */
  private static boolean isIn(Path report, Path folder) {
    try {
      return report.toRealPath().startsWith(folder.toRealPath());
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, report, IoReason.of(e));
    }
  }

  private static boolean isSame(Path a, Path b) {
    try {
      return Files.exists(a) && Files.exists(b) && Files.isSameFile(a, b);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, b, IoReason.of(e));
    }
  }
}
