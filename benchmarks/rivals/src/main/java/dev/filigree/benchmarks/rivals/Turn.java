package dev.filigree.benchmarks.rivals;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * What one contestant did in one round, in a process of its own.
 *
 * @param ids the new ids
 * @param promptSeconds until the first new id
 * @param decodeSeconds from the first new id to the last
 * @param peakBytes most memory that was resident, mapped files included; -1 where the system does
 *     not say
 * @param loss mean negative log likelihood of the text; null where it was not asked for or the
 *     library does not give it
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Turn(int[] ids, double promptSeconds, double decodeSeconds, long peakBytes, Double loss) {
  /** Most new ids. */
  static final int MOST_STEPS = 1024;

  /** New ids before the clock starts, for the JIT compilers. */
  private static final int WARM_UP = 24;

  /**
   * The process: contestant, folder of the model, new ids, threads, whether to compute the loss,
   * file for the result.
   */
  public static void main(String[] args) throws IOException {
    ModelFolder folder = new ModelFolder(Path.of(args[1]));
    ModelFolder.Ids ids = folder.ids();
    int steps = Integer.parseInt(args[2]);
    int positions = Math.max(ids.prompt().length + steps, ids.text().length);
    try (Contestant contestant =
        Entry.valueOf(args[0]).load(folder, Integer.parseInt(args[3]), positions)) {
      Turn turn = of(contestant, ids, steps, Boolean.parseBoolean(args[4]));
      Files.writeString(Path.of(args[5]), new Gson().toJson(turn));
    }
    // The binding of llama.cpp can leave a thread behind that would keep the process alive.
    Runtime.getRuntime().halt(0);
  }

  /** Runs a contestant. */
  static Turn of(Contestant contestant, ModelFolder.Ids ids, int steps, boolean withLoss) {
    int[] prompt = ids.prompt();
    contestant.generate(prompt, Math.min(WARM_UP, steps), id -> {});
    long[] times = new long[steps];
    IntStream.Builder found = IntStream.builder();
    int[] count = {0};
    long start = System.nanoTime();
    contestant.generate(
        prompt,
        steps,
        id -> {
          times[count[0]++] = System.nanoTime();
          found.add(id);
        });
    if (count[0] != steps) {
      throw new IllegalStateException(count[0] + " of " + steps + " ids came");
    }
    long peak = peakResidentBytes();
    OptionalDouble loss = withLoss ? contestant.loss(ids.text()) : OptionalDouble.empty();
    return new Turn(
        found.build().toArray(),
        (times[0] - start) / 1e9,
        (times[steps - 1] - times[0]) / 1e9,
        peak,
        loss.isPresent() ? loss.getAsDouble() : null);
  }

  private static long peakResidentBytes() {
    Path status = Path.of("/proc/self/status");
    if (!Files.isReadable(status)) {
      return -1;
    }
    try {
      return Files.readAllLines(status).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElse(-1);
    } catch (IOException e) {
      return -1; // only Linux has it
    }
  }
}
