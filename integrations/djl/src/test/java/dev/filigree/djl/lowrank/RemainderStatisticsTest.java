package dev.filigree.djl.lowrank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.pack.Remainder;
import dev.filigree.plan.FiligreeException;
import java.nio.FloatBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RemainderStatisticsTest {
  private static final int IN = 20;
  private static final int OUT = 30;

  private static float[] gaussian(Random random, int n) {
    float[] out = new float[n];
    for (int i = 0; i < n; i++) {
      out[i] = (float) random.nextGaussian();
    }
    return out;
  }

  private static float[] norms(float[] w) {
    float[] norms = new float[IN];
    for (int i = 0; i < IN; i++) {
      double squares = 0;
      for (int r = 0; r < OUT; r++) {
        squares += Math.pow(w[r * IN + i], 2);
      }
      norms[i] = (float) Math.sqrt(squares);
    }
    return norms;
  }

  private static LayerRemainder find(float[] w, float[] x, double sparsity) {
    RemainderStatistics seen = new RemainderStatistics("layer", norms(w));
    FloatBuffer rows = FloatBuffer.wrap(x);
    seen.add(rows.slice(0, 5 * IN));
    seen.add(rows.position(5 * IN));
    assertThat(rows.position()).isEqualTo(5 * IN);
    return seen.find(new LowRank(FloatBuffer.wrap(w), OUT, IN), sparsity);
  }

  @Test
  void readsNoMoreThanIsLeftAndHardlyLess() {
    long seed = new Random().nextInt(1_000_000);
    for (int draw = 0; draw < 20; draw++, seed++) {
      System.out.println("budget of a remainder, seed " + seed);
      Random random = new Random(seed);
      double sparsity = random.nextDouble() * 0.95;
      float[] x = gaussian(random, 50 * IN);
      float[] w = gaussian(random, OUT * IN);
      LayerRemainder found = find(w, x, sparsity);
      Remainder r = found.remainder();
      double left = (1 - sparsity) * IN * OUT;
      assertThat((double) r.kept() * OUT + r.rank() * (IN + OUT))
          .as("seed %s", seed)
          .isLessThanOrEqualTo(left + 1e-6)
          .isGreaterThan(left - IN - 2 * OUT);
      long above = 0;
      for (int i = 0; i < x.length; i++) {
        above += r.skips(i % IN, x[i], found.threshold()) ? 0 : 1;
      }
      assertThat(above).as("seed %s", seed).isLessThanOrEqualTo(50L * r.kept());
      assertThat(above).as("seed %s", seed).isGreaterThan(50L * r.kept() - 2);
    }
  }

  /** Where one direction says everything, hardly an input needs to be read. */
  @Test
  void aMatrixOfRankOneTakesFactors() {
    Random random = new Random(4);
    float[] a = gaussian(random, OUT);
    float[] b = gaussian(random, IN);
    float[] w = new float[OUT * IN];
    for (int i = 0; i < w.length; i++) {
      w[i] = a[i / IN] * b[i % IN];
    }
    assertThat(find(w, gaussian(random, 50 * IN), 0.8).remainder().rank()).isPositive();
  }

  /** Columns that are orthogonal and alike have no direction that says more than another. */
  @Test
  void withoutDirectionsItIsInputsAlone() {
    float[] w = new float[OUT * IN];
    for (int i = 0; i < IN; i++) {
      w[i * IN + i] = 1;
    }
    Remainder r = find(w, gaussian(new Random(5), 50 * IN), 0.5).remainder();
    assertThat(r.rank()).isZero();
    assertThat(r.kept()).isEqualTo(IN / 2);
    assertThat(r.in()).isEmpty();
  }

  @Test
  void nothingIsSkippedWithoutSparsity() {
    Random random = new Random(6);
    LayerRemainder found = find(gaussian(random, OUT * IN), gaussian(random, 50 * IN), 0);
    assertThat(found.remainder().kept()).isEqualTo(IN);
    assertThat(found.remainder().rank()).isZero();
    assertThat(found.remainder().skips(0, 0f, found.threshold())).isFalse();
  }

  @Test
  void inputsThatAreNoNumbersAreRefused() {
    float[] x = gaussian(new Random(8), 50 * IN);
    x[77] = Float.NaN;
    assertThatThrownBy(() -> find(gaussian(new Random(9), OUT * IN), x, 0.5))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("layer");
  }
}
