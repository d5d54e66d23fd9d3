package dev.filigree.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class CoreNeuronsTest {

  /**
   * The definition: a token's core neurons are those whose positive activation has fewer than a
   * fifth of the positive ones above it; a prompt's are those that most tokens have.
   */
  @Test
  void areTheDefinition() {
    long seed = Long.getLong("filigree.test.seed", System.nanoTime());
    Random random = new Random(seed);
    for (int run = 0; run < 60; run++) {
      int neurons = 1 + random.nextInt(run % 2 == 0 ? 12 : 300);
      int tokens = 1 + random.nextInt(20);
      boolean coarse = run % 3 == 0; // equal activations
      float[] a = new float[tokens * neurons];
      for (int i = 0; i < a.length; i++) {
        double v = random.nextGaussian();
        a[i] = (float) (coarse ? Math.rint(2 * v) / 2 : v);
      }
      CoreNeurons found = new CoreNeurons(neurons);
      int first = random.nextInt(tokens + 1);
      found.add(FloatBuffer.wrap(a), first);
      found.add(
          FloatBuffer.wrap(a, first * neurons, (tokens - first) * neurons).slice(), tokens - first);
      int remove = random.nextInt(neurons + 1);
      assertThat(found.core(remove))
          .as("seed %s, run %s", seed, run)
          .containsExactly(plain(a, neurons, tokens, neurons - remove));
    }
  }

  private static int[] plain(float[] a, int neurons, int tokens, int keep) {
    int[] frequency = new int[neurons];
    double[] sum = new double[neurons];
    for (int t = 0; t < tokens; t++) {
      int positive = 0;
      for (int i = 0; i < neurons; i++) {
        positive += a[t * neurons + i] > 0 ? 1 : 0;
      }
      for (int i = 0; i < neurons; i++) {
        float own = a[t * neurons + i];
        int above = 0;
        for (int j = 0; j < neurons; j++) {
          above += a[t * neurons + j] > own ? 1 : 0;
        }
        // Fewer than ceil(p / 5) are greater exactly where fewer than p / 5 are.
        if (own > 0 && 5 * above < positive) {
          frequency[i]++;
        }
        sum[i] += Math.max(0, own);
      }
    }
    // Takes the best neuron again and again.
    Set<Integer> taken = new HashSet<>();
    while (taken.size() < keep) {
      int best = -1;
      for (int i = 0; i < neurons; i++) {
        if (!taken.contains(i)
            && (best < 0
                || frequency[i] > frequency[best]
                || (frequency[i] == frequency[best] && sum[i] > sum[best]))) {
          best = i;
        }
      }
      taken.add(best);
    }
    return new TreeSet<>(taken).stream().mapToInt(i -> i).toArray();
  }

  @Test
  void negativeActivationsHoweverLargeAreNoCore() {
    CoreNeurons neurons = new CoreNeurons(5);
    neurons.add(FloatBuffer.wrap(new float[] {-9, 1, 2, -8, 0}), 1);
    assertThat(neurons.core(4)).containsExactly(2);
    assertThat(neurons.core(3)).containsExactly(1, 2);
  }

  /** Often among the largest counts for more than once by far the largest. */
  @Test
  void frequencyGoesBeforeSize() {
    CoreNeurons neurons = new CoreNeurons(3);
    neurons.add(FloatBuffer.wrap(new float[] {0.2f, 0.1f, 0, 0.2f, 0.1f, 0, 0, 0.1f, 1000}), 3);
    assertThat(neurons.core(2)).containsExactly(0);
  }

  @Test
  void whatWasForgottenDoesNotCount() {
    CoreNeurons neurons = new CoreNeurons(2);
    neurons.add(FloatBuffer.wrap(new float[] {1, 0, 1, 0}), 2);
    neurons.reset();
    neurons.add(FloatBuffer.wrap(new float[] {0, 1}), 1);
    assertThat(neurons.core(1)).containsExactly(1);
    assertThat(neurons.core(2)).isEmpty();
    assertThatThrownBy(() -> neurons.core(3)).isInstanceOf(IllegalArgumentException.class);
  }
}
