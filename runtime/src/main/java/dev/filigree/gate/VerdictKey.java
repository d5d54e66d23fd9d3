package dev.filigree.gate;

import dev.filigree.kernel.KernelSelection;
import dev.filigree.kernel.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What two layers must have in common for one measurement to serve both: the machine and how it is
 * set up, the shape, and how much is zero to the nearest 5 %.
 */
public final class VerdictKey {
  private static final Path CPU = Path.of("/proc/cpuinfo");

  private VerdictKey() {}

  /**
   * @param layer shape, pattern and whatever else the measurement depends on
   * @param density share of the weights that are kept
   * @param skipped share of the inputs that are skipped, 0 where none are
   * @param batches numbers of rows measured
   */
  public static String of(String layer, double density, double skipped, List<Integer> batches) {
    return String.join(
        " | ",
        cpu(),
        Runtime.getRuntime().availableProcessors() + " processors",
        "JDK " + Runtime.version(),
        KernelSelection.description(),
        Workers.shared().threads() + " threads",
        "OMP_WAIT_POLICY " + String.valueOf(System.getenv("OMP_WAIT_POLICY")),
        "OMP_NUM_THREADS " + String.valueOf(System.getenv("OMP_NUM_THREADS")),
        "libtorch threads " + System.getProperty("ai.djl.pytorch.num_threads"),
        layer,
        bucket("kept", density),
        bucket("skipped", skipped),
        "batch " + batches);
  }

  private static String bucket(String what, double share) {
    return String.format(Locale.ROOT, "%s %d %%", what, 5 * Math.round(20 * share));
  }

  private static String cpu() {
    if (Files.isReadable(CPU)) {
      try (Stream<String> lines = Files.lines(CPU)) {
        return lines
            .filter(l -> l.startsWith("model name"))
            .map(l -> l.substring(l.indexOf(':') + 1).strip())
            .findFirst()
            .orElse(System.getProperty("os.arch"));
      } catch (IOException e) {
        // The name only tells machines apart; the architecture does that too, less well.
        return System.getProperty("os.arch");
      }
    }
    return System.getProperty("os.arch");
  }
}
