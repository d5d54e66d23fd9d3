package dev.filigree.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.plan.SparsityCount;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ChannelThresholdsTest {
  private static final int UNITS = 70;
  private static final int ROWS = 41;

  private static float[] gates(Random random) {
    float[] out = new float[ROWS * UNITS];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) (random.nextGaussian() * Math.exp(random.nextGaussian()));
    }
    return out;
  }

  private static double[] energies(Random random) {
    return random.doubles(UNITS, 0, 4).map(Math::exp).toArray();
  }

  /**
   * The definition: exactly the ceil(n s) units of all tokens with the smallest |g_i|
   * sqrt(E[u_i^2]) go, in double.
   */
  @Test
  void whatMattersLeastGoes() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    float[] gates = gates(random);
    double[] energies = energies(random);
    ChannelThresholds chess = new ChannelThresholds("layer", energies);
    // In two parts, the second not from its beginning.
    chess.add(FloatBuffer.wrap(gates, 0, 3 * UNITS));
    chess.add(FloatBuffer.wrap(gates, 3 * UNITS, gates.length - 3 * UNITS));
    for (double sparsity : new double[] {0.01, 0.3, 0.5, 0.77, 0.99}) {
      float[] t = chess.thresholds(sparsity);
      int remove = (int) SparsityCount.rank(gates.length, sparsity);
      int[] order =
          IntStream.range(0, gates.length)
              .boxed()
              .sorted(
                  (a, b) ->
                      Double.compare(
                          Math.abs(gates[a]) * Math.sqrt(energies[a % UNITS]),
                          Math.abs(gates[b]) * Math.sqrt(energies[b % UNITS])))
              .mapToInt(i -> i)
              .toArray();
      for (int k = 0; k < order.length; k++) {
        boolean kept = Math.abs(gates[order[k]]) > t[order[k] % UNITS];
        assertThat(kept)
            .as("seed %s, sparsity %s, rank %s", seed, sparsity, k)
            .isEqualTo(k >= remove);
      }
    }
  }

  @Test
  void equalEnergiesAreCats() {
    Random random = new Random(5);
    float[] gates = gates(random);
    double[] energies = new double[UNITS];
    Arrays.fill(energies, 0.037);
    ChannelThresholds chess = new ChannelThresholds("layer", energies);
    MagnitudeThreshold cats = new MagnitudeThreshold("layer");
    chess.add(FloatBuffer.wrap(gates));
    cats.add(FloatBuffer.wrap(gates));
    for (double sparsity : new double[] {0, 0.2, 0.5, 0.9}) {
      float[] expected = new float[UNITS];
      Arrays.fill(expected, cats.threshold(sparsity));
      assertThat(chess.thresholds(sparsity)).containsExactly(expected);
    }
  }

  @Test
  void onlyRatiosOfTheEnergiesCount() {
    Random random = new Random(6);
    float[] gates = gates(random);
    double[] energies = energies(random);
    double[] sums = Arrays.stream(energies).map(e -> 1024 * e).toArray();
    ChannelThresholds mean = new ChannelThresholds("layer", energies);
    ChannelThresholds sum = new ChannelThresholds("layer", sums);
    mean.add(FloatBuffer.wrap(gates));
    sum.add(FloatBuffer.wrap(gates));
    assertThat(sum.thresholds(0.5)).containsExactly(mean.thresholds(0.5));
  }

  @Test
  void unitsThatWereSilentHaveFiniteThresholds() {
    double[] energies = {4, 0, 1e-12};
    ChannelThresholds chess = new ChannelThresholds("layer", energies);
    chess.add(FloatBuffer.wrap(new float[] {1, 2, 3, 4, 5, 6}));
    assertThat(chess.factors()).containsExactly(1, 1e-3f, 1e-3f);
    float[] t = chess.thresholds(0.7);
    assertThat(t[0]).isEqualTo(1f);
    assertThat(t[1]).isBetween(999f, 1001f);
    assertThat(ChannelThresholds.factors(new double[3], 1e-3f)).containsExactly(1, 1, 1);
    assertThat(ChannelThresholds.thresholds(new float[] {1, 1e-3f}, 1e38f))
        .containsExactly(1e38f, Float.MAX_VALUE);
  }

  /** WINA: the smallest |x_i| ||W[:,i]|| go, however small a column is, and first those without. */
  @Test
  void inputsAreWeighedByTheirColumns() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    float[] x = gates(random);
    double[] norms = energies(random);
    norms[3] = 0;
    norms[5] = 1e-6;
    ChannelThresholds wina = ChannelThresholds.ofInputs("layer", norms);
    wina.add(FloatBuffer.wrap(x));
    for (double sparsity : new double[] {0.2, 0.5, 0.9}) {
      float[] t = wina.thresholds(sparsity);
      double[] scores =
          IntStream.range(0, x.length)
              .mapToDouble(i -> Math.abs(x[i]) * norms[i % UNITS])
              .sorted()
              .toArray();
      double least = scores[(int) SparsityCount.rank(x.length, sparsity) - 1];
      for (int row = 0; row < x.length / UNITS; row++) {
        int[] active = new int[UNITS];
        int count = ActiveInputs.above(FloatBuffer.wrap(x), row * UNITS, t, active);
        int from = row * UNITS;
        int[] expected =
            IntStream.range(0, UNITS)
                .filter(i -> Math.abs(x[from + i]) * norms[i] > least * (1 + 1e-6))
                .toArray();
        assertThat(Arrays.copyOf(active, count))
            .as("seed %s, sparsity %s, row %s", seed, sparsity, row)
            .containsExactly(expected);
      }
    }
  }

  @Test
  void nothingToRemoveKeepsEverything() {
    ChannelThresholds chess = new ChannelThresholds("layer", new double[] {1, 0.25});
    chess.add(FloatBuffer.wrap(new float[] {0, 0, 1, 1}));
    assertThat(chess.thresholds(0)).containsExactly(-1, -1);
    assertThat(chess.scores(0.5, 0.75)).containsExactly(0, 0.5f);
  }

  @Test
  void whatIsNoEnergyIsRefused() {
    assertThatThrownBy(() -> new ChannelThresholds("layer", new double[] {1, -1}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("channel 1");
    assertThatThrownBy(() -> new ChannelThresholds("layer", new double[] {1, Double.NaN}))
        .isInstanceOf(IllegalArgumentException.class);
    ChannelThresholds chess = new ChannelThresholds("layer", new double[] {1, 1});
    assertThatThrownBy(() -> chess.add(FloatBuffer.wrap(new float[] {1, Float.NaN})))
        .hasMessageContaining("FIL-0215");
  }
}
