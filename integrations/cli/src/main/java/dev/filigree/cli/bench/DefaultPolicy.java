package dev.filigree.cli.bench;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Dense through DJL under the default OpenMP settings. libtorch reads them once, when it is loaded,
 * so another policy needs another process.
 */
public final class DefaultPolicy {
  /** The environment variable that says how OpenMP threads wait. */
  static final String VARIABLE = "OMP_WAIT_POLICY";

  /**
   * The hidden option that makes {@code bench} print the dense median and nothing else; its value
   * is how many milliseconds to measure.
   */
  public static final String DENSE_ONLY = "--dense-only";

  private DefaultPolicy() {}

  /** The policy of this process, {@code default} where none is set. */
  public static String current() {
    String policy = System.getenv(VARIABLE);
    return policy == null ? "default" : policy;
  }

  /** Whether dense under the default settings is something else than dense in this process. */
  static boolean isAnother() {
    return System.getenv(VARIABLE) != null;
  }

  /**
   * Median microseconds of one dense call, measured in a new process.
   *
   * @param limit about how long to measure
   * @param mainClass the command line's entry point
   * @throws FiligreeException FIL-0614 where that fails
   */
  static double denseMicros(LayerSpec spec, int threads, Duration limit, String mainClass) {
    ProcessBuilder builder = new ProcessBuilder(command(spec, threads, limit, mainClass));
    builder.environment().remove(VARIABLE);
    builder.redirectError(Redirect.INHERIT);
    try {
      return median(builder.start());
    } catch (IOException | NumberFormatException e) {
      throw new FiligreeException(e, Message.FIL_0614, e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FiligreeException(e, Message.FIL_0614, "it was interrupted");
    }
  }

  private static double median(Process process) throws IOException, InterruptedException {
    try {
      process.getOutputStream().close();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int status = process.waitFor();
      if (status != 0) {
        throw new FiligreeException(Message.FIL_0614, "it ended with status " + status);
      }
      return Double.parseDouble(out.strip());
    } finally {
      process.destroy();
    }
  }

  private static List<String> command(
      LayerSpec spec, int threads, Duration limit, String mainClass) {
    List<String> command = new ArrayList<>();
    command.add(
        ProcessHandle.current()
            .info()
            .command()
            .orElse(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      // Agents belong to this process; a debugger's port is taken.
      if (!option.startsWith("-agent") && !option.startsWith("-javaagent")) {
        command.add(option);
      }
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass, "bench"));
    command.addAll(List.of("--op", spec.op().label()));
    command.addAll(List.of("--rows", Integer.toString(spec.rows())));
    command.addAll(List.of("--cols", Integer.toString(spec.cols())));
    command.addAll(List.of("--batch", Integer.toString(spec.batch())));
    // How many weights are zero makes no difference to a dense product.
    command.addAll(List.of("--pattern", PatternArgument.DENSE));
    command.addAll(List.of("--threads", Integer.toString(threads)));
    command.addAll(List.of("--working-set", spec.workingSet()));
    command.addAll(List.of("--seed", Long.toString(spec.seed())));
    command.addAll(List.of(DENSE_ONLY, Long.toString(limit.toMillis())));
    return command;
  }
}
