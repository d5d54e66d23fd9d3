package dev.filigree.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ActiveInputsTest {
  @Test
  void agreesWithStableSort() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    ActiveInputs inputs = new ActiveInputs(500);
    for (int round = 0; round < 1000; round++) {
      int n = 1 + random.nextInt(500);
      float[] x = new float[n + 2];
      double[] norms = new double[n];
      boolean ties = random.nextBoolean();
      for (int i = 0; i < n; i++) {
        x[i + 2] = ties ? random.nextInt(5) - 2 : (float) random.nextGaussian();
        norms[i] = ties ? random.nextInt(3) : random.nextDouble();
      }
      int remove = random.nextInt(n + 1);
      FloatBuffer buffer = FloatBuffer.wrap(x);
      String what = "seed " + seed + " round " + round;
      int[] active = new int[n];
      int count = inputs.wina(buffer, 2, n, norms, remove, active);
      assertThat(Arrays.copyOf(active, count))
          .as(what)
          .isEqualTo(expected(n, remove, i -> Math.abs((double) x[i + 2]) * norms[i]));
      count = inputs.topK(buffer, 2, n, remove, active);
      assertThat(Arrays.copyOf(active, count))
          .as(what)
          .isEqualTo(expected(n, remove, i -> Math.abs((double) x[i + 2])));
      float t = (float) random.nextDouble();
      count = ActiveInputs.above(buffer, 2, n, t, active);
      assertThat(Arrays.copyOf(active, count))
          .isEqualTo(IntStream.range(0, n).filter(i -> Math.abs(x[i + 2]) > t).toArray());
    }
  }

  private static int[] expected(int n, int remove, java.util.function.IntToDoubleFunction score) {
    return IntStream.range(0, n)
        .boxed()
        .sorted(Comparator.comparingDouble(score::applyAsDouble))
        .skip(remove)
        .mapToInt(Integer::intValue)
        .sorted()
        .toArray();
  }

  @Test
  void nanIsNeverHidden() {
    float[] x = {1, Float.intBitsToFloat(0xFFC00000), 3, Float.POSITIVE_INFINITY};
    FloatBuffer buffer = FloatBuffer.wrap(x);
    int[] active = new int[4];
    assertThat(new ActiveInputs(4).topK(buffer, 0, 4, 3, active)).isEqualTo(1);
    assertThat(active[0]).isEqualTo(1);
    assertThat(new ActiveInputs(4).wina(buffer, 0, 4, new double[] {1, 1, 1, 1}, 3, active))
        .isEqualTo(1);
    assertThat(active[0]).isEqualTo(1);
    assertThat(ActiveInputs.above(buffer, 0, 4, 2, active)).isEqualTo(3);
    assertThat(active).startsWith(1, 2, 3);
  }

  @Test
  void impossibleCountsAreRefused() {
    ActiveInputs inputs = new ActiveInputs(4);
    FloatBuffer x = FloatBuffer.allocate(8);
    assertThatThrownBy(() -> inputs.topK(x, 0, 5, 1, new int[5]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> inputs.topK(x, 0, 4, 5, new int[5]))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
