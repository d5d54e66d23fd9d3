package dev.filigree.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class GreedySparsitiesTest {
  private static double weighted(double[] shares, double[] sparsities) {
    double sum = 0;
    for (int p = 0; p < shares.length; p++) {
      sum += shares[p] * sparsities[p];
    }
    return sum;
  }

  private static double[] shares(Random random, int projections) {
    return GreedySparsities.shares(
        random.doubles(projections, 0, 1).map(v -> 1 + Math.floor(8 * v)).toArray());
  }

  @Test
  void sharesAreOfAllWeights() {
    assertThat(GreedySparsities.shares(1, 1, 2)).containsExactly(0.25, 0.25, 0.5);
  }

  /** Where errors add up and each grows ever faster, step by step is the best there is. */
  @Test
  void isTheBestOfAllWaysToShareWhereErrorsAddUp() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    // No number of steps ends here, so that rounding decides nothing.
    double most = 0.9137;
    for (int i = 0; i < 50; i++) {
      double[] w = shares(random, 3);
      double[] a = random.doubles(3, 0.5, 4).toArray();
      double[] power = random.doubles(3, 1.5, 3).toArray();
      GreedySparsities.OutputError error =
          s -> {
            double sum = 0;
            for (int p = 0; p < 3; p++) {
              sum += a[p] * Math.pow(s[p], power[p]);
            }
            return sum;
          };
      int steps = 12;
      double step = 0.5 / steps;
      double[] found = GreedySparsities.search(w, step, most, 0.5, error);
      double best = Double.POSITIVE_INFINITY;
      for (int one = 0; one <= steps; one++) {
        for (int two = 0; one + two <= steps; two++) {
          double[] s = {
            one * step / w[0], two * step / w[1], (steps - one - two) * step / w[2],
          };
          if (s[0] <= most && s[1] <= most && s[2] <= most) {
            best = Math.min(best, error.of(s));
          }
        }
      }
      assertThat(error.of(found))
          .as("seed %s, draw %s", seed, i)
          .isCloseTo(best, within(1e-9 * best));
      assertThat(weighted(w, found)).as("seed %s", seed).isCloseTo(0.5, within(1e-9));
    }
  }

  /** a_p s_p^2 under sum w_p s_p = S is least at s_p = S (w_p / a_p) / sum(w^2 / a). */
  @Test
  void smallStepsComeToTheOptimum() {
    double[] w = GreedySparsities.shares(4, 3, 2, 1);
    double[] a = {2, 1, 1.5, 0.8};
    double[] found =
        GreedySparsities.search(
            w,
            1e-3,
            GreedySparsities.MOST,
            0.4,
            s -> a[0] * s[0] * s[0] + a[1] * s[1] * s[1] + a[2] * s[2] * s[2] + a[3] * s[3] * s[3]);
    double norm = 0;
    for (int p = 0; p < 4; p++) {
      norm += w[p] * w[p] / a[p];
    }
    for (int p = 0; p < 4; p++) {
      assertThat(found[p]).isCloseTo(0.4 * w[p] / a[p] / norm, within(2e-3 / w[p]));
    }
  }

  @Test
  void reachesWhatIsWantedAndLeavesEveryProjectionSomething() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 200; i++) {
      int n = 1 + random.nextInt(7);
      double[] w = shares(random, n);
      double[] tilt = random.doubles(n, 0, 3).toArray();
      double step = 0.05 / n;
      double wanted = 0.8 * random.nextDouble();
      int[] asked = {0};
      double[] found =
          GreedySparsities.search(
              w,
              step,
              GreedySparsities.MOST,
              wanted,
              s -> {
                double product = 1;
                for (int p = 0; p < n; p++) {
                  assertThat(s[p]).isBetween(0.0, GreedySparsities.MOST);
                  product *= 1 + tilt[p] * s[p];
                }
                asked[0]++;
                return product;
              });
      // A step may be too long for a small projection, never for the largest.
      double room = 0;
      boolean full = true;
      for (int p = 0; p < n; p++) {
        assertThat(found[p]).isBetween(0.0, GreedySparsities.MOST);
        full &= found[p] + step / w[p] > GreedySparsities.MOST;
        room += w[p] * found[p];
      }
      if (full) {
        assertThat(room).as("seed %s", seed).isLessThan(wanted);
      } else {
        assertThat(room)
            .as("seed %s, %s of %s", seed, n, wanted)
            .isCloseTo(wanted, within(step / 2 + 1e-9));
      }
      assertThat(asked[0]).isLessThanOrEqualTo(n * (int) Math.ceil(wanted / step + 1));
    }
  }

  @Test
  void whatMakesNoErrorGoesFirst() {
    double[] w = GreedySparsities.shares(1, 1, 1);
    double[] found = GreedySparsities.search(w, 0.05 / 3, 0.951, 0.4, s -> s[0] + s[1]);
    assertThat(found[2]).isCloseTo(0.95, within(1e-9));
    assertThat(found[0] + found[1]).isCloseTo(0.25, within(1e-9));
  }

  @Test
  void endsWhereNothingIsLeft() {
    double[] w = GreedySparsities.shares(1, 3);
    double[] found = GreedySparsities.search(w, 0.01, GreedySparsities.MOST, 0.99, s -> s[0]);
    assertThat(found[0]).isCloseTo(0.92, within(1e-9));
    assertThat(found[1]).isBetween(0.93, GreedySparsities.MOST);
    assertThat(GreedySparsities.search(w, 0.01, 0.95, 0, s -> s[0])).containsExactly(0, 0);
    assertThat(GreedySparsities.search(w, 0.01, 0.95, 0.5, s -> Double.NaN)).containsExactly(0, 0);
  }
}
