package dev.filigree.criterion;

import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.kernel.Workers;
import java.nio.FloatBuffer;
import java.util.Random;

/** Random weights and correlated inputs with a mean, all float32 values. */
final class Data {
  final double[][] w;
  final double[][] x;

  Data(long seed, int rows, int cols, int tokens) {
    Random random = new Random(seed);
    w = new double[rows][cols];
    for (double[] row : w) {
      for (int c = 0; c < cols; c++) {
        row[c] = (float) (0.1 * random.nextGaussian());
      }
    }
    x = new double[tokens][cols];
    for (double[] row : x) {
      double common = random.nextGaussian();
      for (int c = 0; c < cols; c++) {
        row[c] = (float) ((0.2 + c % 7) * (random.nextGaussian() + 0.5 * common + 0.3));
      }
    }
  }

  void killInput(int c) {
    for (double[] row : x) {
      row[c] = 0;
    }
  }

  FloatBuffer weights() {
    return flat(w);
  }

  LayerStatistics statistics(Workers workers) {
    LayerStatistics s =
        new LayerStatistics("fc", w[0].length, LayerStatistics.Contents.GRAM, workers);
    s.add(flat(x));
    return s;
  }

  Layer layer(Workers workers) {
    return Layer.of("fc", w.length, w[0].length, weights()).with(statistics(workers));
  }

  private static FloatBuffer flat(double[][] rows) {
    FloatBuffer out = FloatBuffer.allocate(rows.length * rows[0].length);
    for (double[] row : rows) {
      for (double v : row) {
        out.put((float) v);
      }
    }
    return out.flip();
  }
}
