package dev.filigree.linalg;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Against three loops, bit for bit: every shape, every part of it. */
final class ProductsTest {
  @Test
  void everyShapeIsTheThreeLoops() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      int rows = 1 + random.nextInt(90);
      int ks = random.nextInt(30);
      int cols = 1 + random.nextInt(600);
      double[][] c = ragged(random, rows, cols);
      double[][] x = ragged(random, ks, cols);
      double[][] a = ragged(random, rows, 0);
      for (int r = 0; r < rows; r++) {
        a[r] = random.doubles(ks).map(v -> v - 0.5).toArray();
      }
      int rFrom = random.nextInt(rows);
      int iFrom = random.nextInt(cols);
      int iTo = iFrom + random.nextInt(cols - iFrom + 1);
      double[][] expected = new double[rows][];
      for (int r = 0; r < rows; r++) {
        expected[r] = c[r].clone();
        for (int k = 0; r >= rFrom && k < ks; k++) {
          for (int i = iFrom; i < Math.min(iTo, Math.min(c[r].length, x[k].length)); i++) {
            expected[r][i] += a[r][k] * x[k][i];
          }
        }
      }
      Products.add(c, rFrom, rows, (r, k) -> a[r][k], x, 0, ks, iFrom, iTo);
      assertThat(c).as("seed %s, round %s", seed, round).isDeepEqualTo(expected);
    }
  }

  private static double[][] ragged(Random random, int rows, int cols) {
    double[][] out = new double[rows][];
    for (int r = 0; r < rows; r++) {
      int length = random.nextBoolean() ? cols : random.nextInt(cols + 1);
      out[r] = random.doubles(length).map(v -> v - 0.5).toArray();
    }
    return out;
  }
}
