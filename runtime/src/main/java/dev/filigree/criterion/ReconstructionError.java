package dev.filigree.criterion;

import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.kernel.Workers;
import dev.filigree.linalg.Products;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.FloatBuffer;
import java.util.Arrays;

/** How much a layer's output on the calibration inputs changed. */
public final class ReconstructionError {
  private static final int ROWS = 64;

  private ReconstructionError() {}

  /**
   * ||X (W - W')^T||_F^2 = sum over rows d of W - W' of d X^T X d^T.
   *
   * @param layer the dense layer, with statistics that have X^T X
   * @param pruned W' [rows][cols] from the buffer's position on
   * @throws FiligreeException FIL-0420 without X^T X, FIL-0408 for another number of weights
   */
  public static double of(Layer layer, FloatBuffer pruned, Workers workers) {
    LayerStatistics statistics = layer.statistics();
    double[][] gram = statistics == null ? null : statistics.gram().orElse(null);
    if (gram == null) {
      throw new FiligreeException(
          Message.FIL_0420, layer.name(), "the reconstruction error", "X^T X");
    }
    int rows = layer.rows();
    int n = layer.cols();
    if (pruned.remaining() != layer.weights().capacity()) {
      throw new FiligreeException(Message.FIL_0408, "weights", pruned.remaining(), rows, n);
    }
    FloatBuffer after = pruned.slice();
    double[] perRow = new double[rows];
    workers.run(
        rows,
        ROWS,
        2,
        (long) rows * n * n / 2,
        (from, to) -> {
          for (int r = from; r < to; r += ROWS) {
            some(layer.weights(), after, gram, r, Math.min(to, r + ROWS), perRow);
          }
        });
    return Arrays.stream(perRow).sum();
  }

  private static void some(
      FloatBuffer w, FloatBuffer after, double[][] gram, int from, int to, double[] perRow) {
    int n = gram.length;
    double[][] d = new double[to - from][n];
    for (int r = from; r < to; r++) {
      for (int c = 0; c < n; c++) {
        d[r - from][c] = (double) w.get(r * n + c) - after.get(r * n + c);
      }
    }
    double[][] product = new double[to - from][n];
    Products.add(product, 0, to - from, (r, k) -> d[r][k], gram, 0, n, 0, n);
    for (int r = from; r < to; r++) {
      double lower = 0;
      double diagonal = 0;
      for (int c = 0; c < n; c++) {
        lower += product[r - from][c] * d[r - from][c];
        diagonal += gram[c][c] * d[r - from][c] * d[r - from][c];
      }
      perRow[r] = 2 * lower - diagonal;
    }
  }
}
