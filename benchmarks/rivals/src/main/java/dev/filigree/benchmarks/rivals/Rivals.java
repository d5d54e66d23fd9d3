package dev.filigree.benchmarks.rivals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs all contestants in turns and prints one table. */
@Command(
    name = "rivals",
    mixinStandardHelpOptions = true,
    description = "One generated decoder by Filigree, Jlama, llama.cpp and plain DJL operations.")
public final class Rivals implements Callable<Integer> {
  @Option(
      names = "--folder",
      required = true,
      description =
          "For the files of the models (16 GB for shape a); used again where they are there.")
  private Path folder;

  @Option(
      names = "--shape",
      defaultValue = "a",
      description = "Of the model: a (default), or small, to try it.")
  private String shape;

  @Option(names = "--prompt", defaultValue = "64", description = "Ids of the prompt (default 64).")
  private int prompt;

  @Option(names = "--steps", defaultValue = "128", description = "New ids (default 128).")
  private int steps;

  @Option(names = "--text", defaultValue = "65", description = "Ids for the loss (default 65).")
  private int text;

  @Option(names = "--threads", defaultValue = "2", description = "Of everybody (default 2).")
  private int threads;

  @Option(names = "--rounds", defaultValue = "3", description = "Turns of each (default 3).")
  private int rounds;

  @Option(
      names = "--seconds",
      defaultValue = "3600",
      description = "No round begins that would not end by then, judged by the longest so far.")
  private int seconds;

  @Option(
      names = "--only",
      defaultValue = "",
      description = "Contestants whose name contains this, beside Filigree in f32.")
  private String only;

  private Rivals() {}

  /** Runs it. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new Rivals()).execute(args));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (steps < 2 || steps > Turn.MOST_STEPS || prompt < 1 || text < 2 || rounds < 1) {
      System.err.printf(
          "--steps must be 2 to %d, --prompt and --rounds at least 1, --text at least 2%n",
          Turn.MOST_STEPS);
      return CommandLine.ExitCode.USAGE;
    }
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
      System.err.println("Jlama needs the option --add-modules jdk.incubator.vector before -jar.");
      return CommandLine.ExitCode.USAGE;
    }
    Path path = Files.createDirectories(folder.resolve(shape));
    ModelFolder model = new ModelFolder(path);
    model.prepare(GeneratedModel.of(shape), prompt, text);
    Map<Entry, List<Turn>> turns = new EnumMap<>(Entry.class);
    for (Entry entry : Entry.values()) {
      if (entry == Entry.FILIGREE_F32 || entry.name().contains(only.toUpperCase(Locale.ROOT))) {
        turns.put(entry, new ArrayList<>());
      }
    }
    long start = System.nanoTime();
    double longest = 0;
    int round = 0;
    while (round < rounds && (System.nanoTime() - start) / 1e9 + longest <= seconds) {
      long before = System.nanoTime();
      for (Map.Entry<Entry, List<Turn>> e : turns.entrySet()) {
        System.err.printf("round %d: %s%n", round + 1, e.getKey());
        e.getValue()
            .add(TurnProcess.run(e.getKey(), path, steps, threads, /* withLoss= */ round == 0));
      }
      longest = Math.max(longest, (System.nanoTime() - before) / 1e9);
      round++;
    }
    System.out.print(
        RivalTable.text(
            turns,
            "shape %s, prompt of %d ids, %d new ids, %d threads, %d rounds, JDK %s"
                .formatted(
                    shape, prompt, steps, threads, round, System.getProperty("java.version")),
            prompt));
    return CommandLine.ExitCode.OK;
  }
}
