package dev.filigree.samples.language;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The command line of {@link TrainLanguageModel}. */
final class Arguments {
  static final String USAGE =
      "Usage: TrainLanguageModel --out DIR [--text FILE] [--size small|medium|large] [--steps N]"
          + " [--sparse | --relu [--lambda L1,L2,...]] [--from DIR] [--seed N]";

  private static final String FACTOR = "[0-9]{1,6}(\\.[0-9]{1,9})?";

  private Path out;
  private Optional<Path> text = Optional.empty();
  private ModelSize size = ModelSize.SMALL;
  private Integer steps;
  private boolean sparse;
  private boolean relu;
  private List<Double> lambda = List.of();
  private Optional<Path> from = Optional.empty();
  private long seed;

  private Arguments() {}

  /** What they say; empty where it cannot be understood. */
  static Optional<TrainLanguageModel.Options> parse(List<String> arguments) {
    Arguments a = new Arguments();
    for (int i = 0; i < arguments.size(); i++) {
      String name = arguments.get(i);
      if (name.equals("--sparse")) {
        a.sparse = true;
      } else if (name.equals("--relu")) {
        a.relu = true;
      } else if (++i >= arguments.size() || !a.take(name, arguments.get(i))) {
        return Optional.empty();
      }
    }
    if (a.out == null || (a.relu && a.sparse) || (!a.relu && !a.lambda.isEmpty())) {
      return Optional.empty();
    }
    int count = a.steps == null ? a.size.steps() : a.steps;
    return Optional.of(
        new TrainLanguageModel.Options(
            a.out, a.text, a.size, count, a.sparse, a.relu, a.lambda, a.from, a.seed));
  }

  private boolean take(String name, String value) {
    switch (name) {
      case "--out" -> out = Path.of(value);
      case "--text" -> text = Optional.of(Path.of(value));
      case "--from" -> from = Optional.of(Path.of(value));
      case "--lambda" -> {
        if (!value.matches(FACTOR + "(," + FACTOR + ")*")) {
          return false;
        }
        lambda = Arrays.stream(value.split(",")).map(Double::valueOf).toList();
      }
      case "--size" -> {
        Optional<ModelSize> found = ModelSize.byLabel(value);
        found.ifPresent(s -> size = s);
        return found.isPresent();
      }
      case "--steps" -> {
        if (!value.matches("[1-9][0-9]{0,6}")) {
          return false;
        }
        steps = Integer.valueOf(value);
      }
      case "--seed" -> {
        if (!value.matches("[0-9]{1,9}")) {
          return false;
        }
        seed = Long.parseLong(value);
      }
      default -> {
        return false;
      }
    }
    return true;
  }
}
