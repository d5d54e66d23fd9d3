package dev.filigree.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.kernel.Workers;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class InverseFactorTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 63, 64, 65, 200, 300})
  void theProductOfTheFactorIsTheInverse(int n) {
    double[][] h = positive(n, 5);
    double[][] z = copy(h);
    try (Workers workers = new Workers(2)) {
      assertThat(InverseFactor.replace(z, workers)).isTrue();
    }
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int k = 0; k < n; k++) {
          sum += at(h, i, k) * inverse(z, k, j);
        }
        assertThat(sum).as("%s, %s", i, j).isCloseTo(i == j ? 1 : 0, within(1e-9));
      }
    }
  }

  @Test
  void anyNumberOfThreadsGivesTheSameBits() {
    double[][] h = positive(400, 9);
    double[][] one = copy(h);
    InverseFactor.replace(one, new Workers(1));
    for (int threads = 2; threads <= 5; threads++) {
      try (Workers workers = new Workers(threads)) {
        double[][] many = copy(h);
        assertThat(InverseFactor.replace(many, workers)).isTrue();
        assertThat(many).isDeepEqualTo(one);
      }
    }
  }

  @Test
  void whatIsNotPositiveDefiniteIsRefused() {
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      double[][] h = positive(70, 1);
      h[3][3] = bad;
      assertThat(InverseFactor.replace(h, new Workers(1))).as("%s", bad).isFalse();
    }
  }

  // The inverse as the product Z Z^T.
  private static double inverse(double[][] z, int i, int j) {
    double sum = 0;
    for (int k = 0; k <= Math.min(i, j); k++) {
      sum += z[i][k] * z[j][k];
    }
    return sum;
  }

  private static double at(double[][] h, int i, int j) {
    return h[Math.max(i, j)][Math.min(i, j)];
  }

  private static double[][] copy(double[][] h) {
    double[][] out = new double[h.length][];
    for (int i = 0; i < h.length; i++) {
      out[i] = h[i].clone();
    }
    return out;
  }

  private static double[][] positive(int n, long seed) {
    Random random = new Random(seed);
    double[][] x = new double[n + 3][n];
    for (double[] row : x) {
      for (int i = 0; i < n; i++) {
        row[i] = random.nextGaussian();
      }
    }
    double[][] h = new double[n][];
    for (int i = 0; i < n; i++) {
      h[i] = new double[i + 1];
      h[i][i] = 1;
      for (int j = 0; j <= i; j++) {
        for (double[] row : x) {
          h[i][j] += row[i] * row[j] / n;
        }
      }
    }
    return h;
  }
}
