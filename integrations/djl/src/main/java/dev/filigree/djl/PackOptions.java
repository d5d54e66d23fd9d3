package dev.filigree.djl;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.List;

/**
 * How {@link Filigree#pack} chooses what each layer runs on.
 *
 * @param batchSizes rows per forward the model will see, each at least 1; the gate measures each
 * @param mode measure, or always one way
 */
public record PackOptions(List<Integer> batchSizes, Mode mode) {

  /** What pack does with each layer. */
  public enum Mode {
    /** Measure packed against dense on this machine and keep whichever is faster. */
    AUTO,
    /** Packed wherever a packed form exists, measured or not. */
    ALWAYS_SPARSE,
    /** Filigree's own dense kernels without any sparsity: the honest baseline. */
    DENSE
  }

  public PackOptions {
    batchSizes = List.copyOf(batchSizes);
    for (int batch : batchSizes) {
      if (batch < 1) {
        throw new FiligreeException(Message.FIL_0304, batch);
      }
    }
  }

  /** Measured, for batch sizes 1 and 64. */
  public static PackOptions defaults() {
    return new PackOptions(List.of(1, 64), Mode.AUTO);
  }

  /** The same batch sizes with another mode. */
  public PackOptions withMode(Mode other) {
    return new PackOptions(batchSizes, other);
  }
}
