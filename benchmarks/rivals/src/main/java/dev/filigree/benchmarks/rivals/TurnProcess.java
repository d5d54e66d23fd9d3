package dev.filigree.benchmarks.rivals;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Starts the process of a turn: libraries then share neither memory nor threads. */
final class TurnProcess {
  private static final int MOST_MINUTES = 10;

  private TurnProcess() {}

  /**
   * One turn.
   *
   * @param folder of the model
   * @param steps new ids
   * @throws IOException where the process fails, with what it printed
   */
  static Turn run(Entry entry, Path folder, int steps, int threads, boolean withLoss)
      throws IOException, InterruptedException {
    Path result = Files.createTempFile("turn", ".json");
    Path log = Files.createTempFile("turn", ".log");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (entry.library().startsWith("Filigree")) {
      // As its own command starts the JVM.
      command.addAll(List.of("-XX:+UseSerialGC", "-Xms64m"));
    }
    command.addAll(
        List.of(
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-XX:ActiveProcessorCount=" + threads,
            "-Dai.djl.pytorch.num_threads=" + threads,
            "-Dai.djl.pytorch.num_interop_threads=1",
            "-Dai.djl.offline=true",
            "-DOPT_OUT_TRACKING=true",
            "-cp",
            System.getProperty("java.class.path"),
            Turn.class.getName(),
            entry.name(),
            folder.toString(),
            String.valueOf(steps),
            String.valueOf(threads),
            String.valueOf(withLoss),
            result.toString()));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(MOST_MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly().waitFor();
    }
    int exit = process.exitValue();
    if (exit != 0) {
      throw new IOException("%s ended with %d:%n%s".formatted(entry, exit, Files.readString(log)));
    }
    Turn turn = new Gson().fromJson(Files.readString(result), Turn.class);
    Files.delete(result);
    Files.delete(log);
    return turn;
  }
}
