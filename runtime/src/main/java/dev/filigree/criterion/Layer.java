package dev.filigree.criterion;

import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.FloatBuffer;

/**
 * A trained layer to prune.
 *
 * @param name unique in its run; it orders ties of the global scope and seeds RANDOM
 * @param rows outputs
 * @param cols inputs
 * @param weights [rows][cols] from the buffer's position on; read only, the position does not move
 * @param statistics of the layer's inputs, or null where the method needs none
 * @param gradients for GBLM, else null
 */
public record Layer(
    String name,
    int rows,
    int cols,
    FloatBuffer weights,
    LayerStatistics statistics,
    Gradients gradients) {

  /**
   * Checks the sizes and the weights.
   *
   * @throws FiligreeException FIL-0408 for the number of weights, FIL-0426 for NaN or infinity,
   *     FIL-0424 for statistics of another width or without tokens
   */
  public Layer {
    if (rows < 1 || cols < 1 || weights.remaining() != (long) rows * cols) {
      throw new FiligreeException(Message.FIL_0408, "weights", weights.remaining(), rows, cols);
    }
    weights = weights.slice();
    for (int i = 0; i < weights.capacity(); i++) {
      if (!Float.isFinite(weights.get(i))) {
        throw new FiligreeException(Message.FIL_0426, name, weights.get(i), i / cols, i % cols);
      }
    }
    if (statistics != null && (statistics.inputs() != cols || statistics.tokens() == 0)) {
      throw new FiligreeException(
          Message.FIL_0424, name, statistics.tokens(), statistics.inputs(), cols);
    }
    if (gradients != null && gradients.norms().length != (long) rows * cols) {
      throw new FiligreeException(
          Message.FIL_0408, "gradient norms", gradients.norms().length, rows, cols);
    }
  }

  /** A layer without anything but its weights. */
  public static Layer of(String name, int rows, int cols, FloatBuffer weights) {
    return new Layer(name, rows, cols, weights, null, null);
  }

  /** The same with statistics of its inputs. */
  public Layer with(LayerStatistics inputs) {
    return new Layer(name, rows, cols, weights, inputs, gradients);
  }

  /** The same with gradients. */
  public Layer with(Gradients norms) {
    return new Layer(name, rows, cols, weights, statistics, norms);
  }
}
