package dev.filigree.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.kernel.Workers;
import dev.filigree.plan.FiligreeException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LayerStatisticsTest {
  private static final LayerStatistics.Contents ALL = new LayerStatistics.Contents(true, true);
  private static final int INPUTS = 37;
  @TempDir private Path folder;

  @Test
  void everySumIsTheOneOfTheDefinition() {
    float[] x = values(700, 3);
    LayerStatistics s = gathered(x, 1, 700);
    double[] sums = new double[INPUTS];
    double[][] products = new double[INPUTS][INPUTS];
    for (int t = 0; t < 700; t++) {
      for (int i = 0; i < INPUTS; i++) {
        sums[i] += x[t * INPUTS + i];
        for (int j = 0; j < INPUTS; j++) {
          products[i][j] += (double) x[t * INPUTS + i] * x[t * INPUTS + j];
        }
      }
    }
    assertThat(s.tokens()).isEqualTo(700);
    assertThat(s.sums()).containsExactly(sums);
    double[][] gram = s.gram().orElseThrow();
    for (int i = 0; i < INPUTS; i++) {
      assertThat(s.squares()[i]).isEqualTo(products[i][i]);
      assertThat(s.norms()[i]).isEqualTo(Math.sqrt(products[i][i]));
      assertThat(s.means()[i]).isEqualTo(sums[i] / 700);
      for (int j = 0; j <= i; j++) {
        assertThat(gram[i][j]).isEqualTo(products[i][j]);
      }
    }
  }

  @Test
  void neitherBatchesNorThreadsNorReadingInBetweenChangeABit() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    float[] x = values(600, seed);
    LayerStatistics whole = gathered(x, 1, 600);
    for (int threads = 1; threads <= 4; threads++) {
      try (Workers workers = new Workers(threads)) {
        LayerStatistics parts = new LayerStatistics("w", INPUTS, ALL, workers);
        for (int t = 0; t < 600; ) {
          int count = Math.min(600 - t, random.nextInt(150));
          parts.add(FloatBuffer.wrap(x, t * INPUTS, count * INPUTS));
          t += count;
          if (random.nextBoolean()) {
            assertThat(parts.gram()).isPresent();
          }
        }
        same(parts, whole, "seed " + seed);
      }
    }
  }

  @Test
  void aStoredStateGoesOnWhereItStopped() {
    float[] x = values(500, 8);
    LayerStatistics whole = gathered(x, 2, 500);
    LayerStatistics plain = new LayerStatistics("plain", 2, LayerStatistics.Contents.SUMS);
    plain.add(FloatBuffer.wrap(new float[] {1, 2, 3, 4}));
    Path file = folder.resolve("statistics.safetensors");
    StatisticsFile.write(file, List.of(gathered(x, 2, 300), plain));
    List<LayerStatistics> read = StatisticsFile.read(file, Workers.shared());
    assertThat(read).extracting(LayerStatistics::layer).containsExactly("w", "plain");
    read.get(0).add(FloatBuffer.wrap(x, 300 * INPUTS, 200 * INPUTS));
    same(read.get(0), whole, "resumed");
    assertThat(read.get(1).gram()).isEmpty();
    assertThat(read.get(1).magnitudes()).isEmpty();
    assertThat(read.get(1).sums()).containsExactly(4, 6);
  }

  @Test
  void aThresholdInBinsIsStoredAsWell() {
    MagnitudeThreshold threshold = new MagnitudeThreshold("w", 10);
    threshold.add(FloatBuffer.wrap(values(50, 4)));
    threshold.add(FloatBuffer.wrap(new float[] {0, 0, -0f}));
    MagnitudeThreshold again = MagnitudeThreshold.of("w", threshold.state());
    again.add(FloatBuffer.wrap(values(50, 5)));
    threshold.add(FloatBuffer.wrap(values(50, 5)));
    for (double s : new double[] {0.0001, 0.3, 0.9}) {
      assertThat(again.threshold(s)).isEqualTo(threshold.threshold(s));
    }
    assertThat(again.count()).isEqualTo(threshold.count());
    assertThat(again.isExact()).isFalse();
  }

  @Test
  void badInputChangesNothing() {
    LayerStatistics s = new LayerStatistics("fc", 2, ALL);
    assertThatThrownBy(() -> s.add(FloatBuffer.wrap(new float[] {1, 2, 3})))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0423");
    assertThatThrownBy(() -> s.add(FloatBuffer.wrap(new float[] {1, 2, 3, Float.NaN})))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0215");
    assertThat(s.tokens()).isZero();
    assertThat(s.squares()).containsOnly(0);
  }

  private static LayerStatistics gathered(float[] x, int threads, int tokens) {
    LayerStatistics s = new LayerStatistics("w", INPUTS, ALL, new Workers(threads));
    s.add(FloatBuffer.wrap(x, 0, tokens * INPUTS));
    return s;
  }

  private static void same(LayerStatistics a, LayerStatistics b, String what) {
    assertThat(a.tokens()).as(what).isEqualTo(b.tokens());
    assertThat(a.sums()).as(what).containsExactly(b.sums());
    assertThat(a.squares()).as(what).containsExactly(b.squares());
    assertThat(a.gram().orElseThrow()).as(what).isDeepEqualTo(b.gram().orElseThrow());
    assertThat(a.magnitudes().orElseThrow().threshold(0.5))
        .as(what)
        .isEqualTo(b.magnitudes().orElseThrow().threshold(0.5));
  }

  private static float[] values(int tokens, long seed) {
    Random random = new Random(seed);
    float[] x = new float[tokens * INPUTS];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }
}
