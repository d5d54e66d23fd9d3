package dev.filigree.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.plan.SparsityCount;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MagnitudeThresholdTest {
  private static float[] values(Random random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] =
          random.nextInt(10) == 0
              ? 0
              : (float) (random.nextGaussian() * Math.exp(random.nextGaussian()));
    }
    return values;
  }

  private static float[] sortedMagnitudes(float[] values) {
    float[] sorted = new float[values.length];
    for (int i = 0; i < sorted.length; i++) {
      sorted[i] = Math.abs(values[i]);
    }
    Arrays.sort(sorted);
    return sorted;
  }

  @Test
  void isTheOrderStatistic() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      float[] values = values(random, 1 + random.nextInt(2000));
      MagnitudeThreshold threshold = new MagnitudeThreshold("fc");
      int cut = random.nextInt(values.length);
      threshold.add(FloatBuffer.wrap(values, 0, cut));
      threshold.add(FloatBuffer.wrap(values, cut, values.length - cut));
      double s = (1 + random.nextInt(99)) / 100.0;
      float[] sorted = sortedMagnitudes(values);
      assertThat(threshold.threshold(s))
          .as("seed %s round %s sparsity %s", seed, round, s)
          .isEqualTo(sorted[(int) SparsityCount.rank(values.length, s) - 1]);
      assertThat(threshold.count()).isEqualTo(values.length);
      assertThat(threshold.isExact()).isTrue();
    }
  }

  @Test
  void beyondTheLimitBinsKeepTheRank() {
    long seed = System.nanoTime();
    float[] values = values(new Random(seed), 20_000);
    MagnitudeThreshold binned = new MagnitudeThreshold("fc", 1000);
    MagnitudeThreshold reversed = new MagnitudeThreshold("fc", 10);
    binned.add(FloatBuffer.wrap(values));
    for (int i = values.length - 1; i >= 0; i--) {
      reversed.add(FloatBuffer.wrap(values, i, 1));
    }
    float[] sorted = sortedMagnitudes(values);
    assertThat(binned.isExact()).isFalse();
    for (double s : new double[] {0.05, 0.1, 0.3, 0.5, 0.9, 0.999}) {
      float exact = sorted[(int) SparsityCount.rank(values.length, s) - 1];
      float t = binned.threshold(s);
      assertThat(t).as("seed %s sparsity %s", seed, s).isBetween(exact, exact * (1 + 0x1p-15f));
      assertThat(reversed.threshold(s)).isEqualTo(t);
    }
    assertThat(binned.threshold(0.05)).isZero();
  }

  @Test
  void extremesOfFloatHaveBins() {
    float[] values = {Float.MIN_VALUE, -Float.MAX_VALUE, Float.MIN_NORMAL, 1, -0f};
    MagnitudeThreshold binned = new MagnitudeThreshold("fc", 0);
    binned.add(FloatBuffer.wrap(values));
    assertThat(binned.threshold(0.2)).isZero();
    assertThat(binned.threshold(0.4)).isBetween(Float.MIN_VALUE, 256 * Float.MIN_VALUE);
    assertThat(binned.threshold(0.99)).isEqualTo(Float.MAX_VALUE);
  }

  @Test
  void sparsityZeroRemovesNothing() {
    MagnitudeThreshold threshold = new MagnitudeThreshold("fc");
    threshold.add(FloatBuffer.wrap(new float[] {0, 1}));
    assertThat(
            ActiveInputs.above(
                FloatBuffer.wrap(new float[] {0, 1}), 0, 2, threshold.threshold(0), new int[2]))
        .isEqualTo(2);
  }

  @Test
  void badInputIsRefusedWhole() {
    for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
      MagnitudeThreshold threshold = new MagnitudeThreshold("fc1");
      assertThatThrownBy(() -> threshold.add(FloatBuffer.wrap(new float[] {1, bad})))
          .hasMessageContaining("FIL-0215: fc1: calibration met " + bad);
      assertThat(threshold.count()).isZero();
      assertThatThrownBy(() -> threshold.threshold(0.5)).hasMessageContaining("FIL-0214");
      assertThatThrownBy(() -> threshold.threshold(1)).hasMessageContaining("FIL-0101");
    }
  }

  @Test
  void manyThresholdsAreThoseOneByOne() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int exact : new int[] {0, 700, 5000}) {
      MagnitudeThreshold threshold = new MagnitudeThreshold("fc", exact);
      threshold.add(FloatBuffer.wrap(values(random, 1500)));
      double[] sparsities = {0, 0.01, 0.29, 0.5, 0.999};
      float[] found = threshold.thresholds(sparsities);
      for (int i = 0; i < found.length; i++) {
        assertThat(found[i])
            .as("seed %s, %s exact, at %s", seed, exact, sparsities[i])
            .isEqualTo(threshold.threshold(sparsities[i]));
      }
    }
    assertThatThrownBy(() -> new MagnitudeThreshold("fc").thresholds(0.5))
        .hasMessageContaining("FIL-0214");
  }
}
