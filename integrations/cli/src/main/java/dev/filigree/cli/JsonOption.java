package dev.filigree.cli;

import dev.filigree.file.AtomicFile;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code --json FILE}, the same for every command. */
final class JsonOption {
  private static final String STANDARD_OUTPUT = "-";

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description =
          "Write the result as one JSON object to FILE, or to standard output if FILE is -.")
  private String file;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  /** Refuses a place that cannot be written or is not free, before work is spent. */
  void check() {
    if (file != null && !file.equals(STANDARD_OUTPUT)) {
      Results.requireOwnPlace(command, "--json", Path.of(file));
      AtomicFile.checkWritable(Path.of(file));
    }
  }

  /** Whether the JSON goes to standard output, which then holds nothing else. */
  boolean isStandardOutput() {
    return STANDARD_OUTPUT.equals(file);
  }

  /** Prints the text for people, or the JSON where it goes to standard output. */
  void write(PrintWriter out, Supplier<String> text, Supplier<String> json) {
    if (STANDARD_OUTPUT.equals(file)) {
      out.print(json.get());
      return;
    }
    if (file != null) {
      AtomicFile.write(Path.of(file), json.get());
    }
    out.print(text.get());
  }
}
