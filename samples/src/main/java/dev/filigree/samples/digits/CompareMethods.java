package dev.filigree.samples.digits;

import dev.filigree.plan.FiligreeException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Which one-shot method for which pattern: prunes a trained digit classifier by every method
 * without training it again, and prints the table of docs/which-method.md. Needs DJL woven ({@code
 * -javaagent}).
 */
public final class CompareMethods {
  private static final String USAGE = "Usage: CompareMethods [--data DIR] [--seeds N]";

  private CompareMethods() {}

  /** Runs with {@code --data} (a directory with IDX files) and {@code --seeds} (models trained). */
  public static void main(String[] arguments) {
    Optional<Path> data = Optional.empty();
    int seeds = MethodComparison.SEEDS;
    for (int i = 0; i < arguments.length; i += 2) {
      String value = i + 1 < arguments.length ? arguments[i + 1] : "";
      if (arguments[i].equals("--data") && !value.isEmpty()) {
        data = Optional.of(Path.of(value));
      } else if (arguments[i].equals("--seeds") && value.matches("[1-9][0-9]?")) {
        seeds = Integer.parseInt(value);
      } else {
        System.err.println(USAGE + ", N from 1 to 99");
        System.exit(2);
      }
    }
    try {
      System.out.println(
          MethodComparison.run(data, seeds, MethodComparison.Budget.FULL, CompareMethods::say)
              .text());
    } catch (FiligreeException e) {
      System.err.println(e.getMessage());
      System.exit(2);
    }
  }

  private static void say(String task, long done, long total) {
    if (done == total) {
      System.err.println(task);
    }
  }
}
