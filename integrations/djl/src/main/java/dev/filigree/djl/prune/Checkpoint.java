package dev.filigree.djl.prune;

import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.calibrate.StatisticsFile;
import dev.filigree.kernel.Workers;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Statistics of an unfinished calibration, one file per stage, so that it goes on where it was
 * interrupted, with the same bits. Finished stages are pruned again from their file.
 */
final class Checkpoint {
  private static final String KEY = "calibration";
  private static final String BATCHES = "batches";
  private static final Duration EVERY = Duration.ofSeconds(30);

  private final Path directory;
  private final String key;
  private long last = System.nanoTime();

  /**
   * @param key what the statistics depend on: data, weights, layers, plan
   */
  Checkpoint(Path directory, String key) {
    this.directory = directory;
    this.key = key;
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0403, directory, e.getMessage());
    }
  }

  private Path file(int stage) {
    return directory.resolve("stage-%03d.safetensors".formatted(stage));
  }

  /**
   * Puts the stored statistics of a stage in the place of empty ones.
   *
   * @return batches they have seen; 0 where there are none
   * @throws FiligreeException FIL-0228 where they belong to another calibration
   */
  int resume(int stage, Map<Target, LayerStatistics> statistics) {
    Path file = file(stage);
    if (!Files.exists(file)) {
      return 0;
    }
    Map<String, String> notes = StatisticsFile.notes(file);
    if (!key.equals(notes.get(KEY))) {
      throw new FiligreeException(
          Message.FIL_0228, file, "its data, weights or plan are not those of this call");
    }
    Map<String, LayerStatistics> stored = new HashMap<>();
    StatisticsFile.read(file, Workers.shared()).forEach(s -> stored.put(s.layer(), s));
    for (Map.Entry<Target, LayerStatistics> e : statistics.entrySet()) {
      LayerStatistics s = stored.get(e.getKey().name());
      if (s == null || s.inputs() != e.getValue().inputs()) {
        throw new FiligreeException(
            Message.FIL_0228, file, "it does not have layer " + e.getKey().name());
      }
      e.setValue(s);
    }
    try {
      return Integer.parseInt(notes.getOrDefault(BATCHES, ""));
    } catch (NumberFormatException e) {
      throw new FiligreeException(e, Message.FIL_0228, file, "it does not say how far it is");
    }
  }

  void saveSometimes(int stage, int batches, Map<Target, LayerStatistics> statistics) {
    if (System.nanoTime() - last >= EVERY.toNanos()) {
      save(stage, batches, statistics);
    }
  }

  void save(int stage, int batches, Map<Target, LayerStatistics> statistics) {
    List<LayerStatistics> all = new ArrayList<>(statistics.values());
    StatisticsFile.write(file(stage), all, Map.of(KEY, key, BATCHES, String.valueOf(batches)));
    last = System.nanoTime();
  }
}
