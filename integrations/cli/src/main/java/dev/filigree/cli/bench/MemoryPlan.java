package dev.filigree.cli.bench;

import dev.filigree.gate.Copies;
import dev.filigree.gate.Memory;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.Locale;

/** Divides memory among the sides before anything is allocated. */
public final class MemoryPlan {
  /** Compressed rows of weights without any zero take 1.5 times the dense bytes and some. */
  private static final double LARGEST_FORM = 1.6;

  /** Scores in double precision, and what the selection of a mask works with. */
  private static final long HEAP_PER_WEIGHT = 10;

  private static final long SLACK = 1L << 26;

  private MemoryPlan() {}

  /**
   * How many copies fit.
   *
   * @param wanted bytes the copies of each side should fill; 0 for a single copy
   * @param stream bytes of the buffer that measures bandwidth
   * @throws FiligreeException FIL-0613 where not even one copy fits
   */
  public static Copies of(LayerSpec spec, long wanted, long stream) {
    long heap = spec.plan().isPresent() ? HEAP_PER_WEIGHT * spec.weights() + SLACK : SLACK;
    require("Java heap", heap, Memory.heap());
    long one = (long) (LARGEST_FORM * spec.denseBytes());
    // The weights themselves, and what making one packed form needs besides.
    long shared = stream + spec.denseBytes() + one + SLACK;
    int direct = 1 + spec.formats().size();
    // libtorch has its dense weights and those of the rivals.
    int sides = direct + 1 + TorchForm.values().length;
    long onMachine = (long) (0.9 * Memory.machine()) - heap;
    require("direct memory", shared + direct * one, Memory.direct());
    require("memory of this machine", shared + sides * one, onMachine);
    long most = Math.min((Memory.direct() - shared) / direct, (onMachine - shared) / sides);
    return new Copies(Math.min(wanted, most), most < wanted);
  }

  private static void require(String what, long needed, long left) {
    if (needed > left) {
      throw new FiligreeException(
          Message.FIL_0613,
          String.format(
              Locale.ROOT,
              "it needs %,d MiB of %s, and %,d MiB are left",
              needed >> 20,
              what,
              Math.max(0, left >> 20)));
    }
  }
}
