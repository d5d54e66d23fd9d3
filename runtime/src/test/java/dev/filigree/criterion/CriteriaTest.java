package dev.filigree.criterion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.annotations.Criterion;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class CriteriaTest {
  @Test
  void magnitudeIsExactInDouble() {
    FloatBuffer w = FloatBuffer.wrap(new float[] {-0.1f, 0.1f, -0f, Float.MIN_VALUE});
    assertThat(Criteria.scores(Criterion.MAGNITUDE, w, 2, 2, 0, ""))
        .containsExactly((double) 0.1f, (double) 0.1f, 0.0, (double) Float.MIN_VALUE);
  }

  @Test
  void randomDependsOnSeedPathAndPositionOnly() {
    FloatBuffer w = FloatBuffer.allocate(10_000);
    double[] a = Criteria.scores(Criterion.RANDOM, w, 100, 100, 7, "fc1");
    assertThat(Criteria.scores(Criterion.RANDOM, w, 50, 200, 7, "fc1")).isEqualTo(a);
    double[] otherPath = Criteria.scores(Criterion.RANDOM, w, 100, 100, 7, "fc2");
    double[] otherSeed = Criteria.scores(Criterion.RANDOM, w, 100, 100, 8, "fc1");
    assertThat(correlation(a, otherPath)).isCloseTo(0, within(0.05));
    assertThat(correlation(a, otherSeed)).isCloseTo(0, within(0.05));
    assertThat(Arrays.stream(a).average().orElseThrow()).isCloseTo(0.5, within(0.02));
    assertThat(Arrays.stream(a).distinct().count()).isEqualTo(10_000);
    assertThat(Arrays.stream(a)).allMatch(v -> v >= 0 && v < 1);
  }

  @Test
  void randomIsTheSameEverywhere() {
    double[] a = Criteria.scores(Criterion.RANDOM, FloatBuffer.allocate(2), 1, 2, 0, "w");
    assertThat(a).containsExactly(0.17367959842409741, 0.4247219988899551);
  }

  @Test
  void wrongSizeIsRefused() {
    assertThatThrownBy(
            () -> Criteria.scores(Criterion.MAGNITUDE, FloatBuffer.allocate(3), 2, 2, 0, ""))
        .hasMessageContaining("FIL-0408");
  }

  private static double correlation(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - 0.5) * (b[i] - 0.5);
    }
    return sum / a.length * 12;
  }
}
