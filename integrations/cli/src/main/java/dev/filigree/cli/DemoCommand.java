package dev.filigree.cli;

import dev.filigree.agent.FiligreeAgent;
import dev.filigree.file.AtomicFile;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.samples.digits.Demo;
import dev.filigree.samples.digits.DemoResult;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code filigree demo}. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description =
        "Trains a digit classifier dense and sparse, packs it, measures both, and writes"
            + " report.html into the current directory.")
final class DemoCommand implements Callable<Integer> {
  private static final Path REPORT = Path.of("report.html");
  private static final int MOST_EPOCHS = 1000;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Directory with train10k-images-idx3-ubyte.gz, train10k-labels-idx1-ubyte.gz,"
              + " t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz. Default: digits drawn by"
              + " a program.")
  private Path data;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "" + Demo.Options.EPOCHS,
      description = "Passes over the training images, 1 to 1000. Default: ${DEFAULT-VALUE}.")
  private int epochs;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "The same seed gives the same images, order and masks. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Mixin private JsonOption json;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    if (epochs < 1 || epochs > MOST_EPOCHS) {
      throw new FiligreeException(
          Message.FIL_0604, "--epochs", epochs, "whole numbers from 1 to " + MOST_EPOCHS);
    }
    json.check();
    AtomicFile.checkWritable(REPORT);
    FiligreeAgent.attach();
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    DemoResult result;
    try (ProgressDisplay progress = ProgressDisplay.on(err)) {
      result = Demo.run(new Demo.Options(Optional.ofNullable(data), epochs, seed), progress);
    }
    AtomicFile.write(REPORT, result.html());
    json.write(out, result::text, result::json);
    err.println("Report: " + REPORT.toAbsolutePath());
    return 0;
  }
}
