package dev.filigree.linalg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.kernel.GramKernels;
import dev.filigree.kernel.KernelSelection;
import dev.filigree.kernel.ReferenceKernels;
import dev.filigree.kernel.TokenBlock;
import dev.filigree.kernel.Workers;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * X^T X against three loops over the floats, bit for bit: every kernel, every width around a tile
 * and a band of tiles, any cut of the tokens, any number of threads.
 */
public abstract class GramEquivalence {
  private static final int CAPACITY = 21;

  @Test
  public void everyWidthIsTheThreeLoops() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int inputs = 1; inputs <= 70; inputs++) {
      check(random, inputs, random.nextInt(60), "seed " + seed);
    }
    for (int inputs : new int[] {191, 192, 193, 200, 207, 208, 383, 385, 400, 577}) {
      check(random, inputs, 1 + random.nextInt(40), "seed " + seed);
    }
  }

  private static void check(Random random, int inputs, int tokens, String what) {
    float[] x = values(random, tokens * inputs);
    double[][] expected = triangle(inputs);
    for (int j = 0; j < inputs; j++) {
      for (int i = 0; i <= j; i++) {
        for (int t = 0; t < tokens; t++) {
          expected[j][i] += (double) x[t * inputs + j] * x[t * inputs + i];
        }
      }
    }
    for (GramKernels kernels :
        List.of(
            KernelSelection.current().gram(),
            KernelSelection.plain().gram(),
            new ReferenceKernels().gram())) {
      try (Workers workers = new Workers(1 + random.nextInt(4))) {
        double[][] gram = triangle(inputs);
        TokenBlock block = new TokenBlock(inputs, CAPACITY);
        for (int t = 0; t < tokens; ) {
          int count = Math.min(random.nextInt(block.room() + 1), tokens - t);
          block.add(FloatBuffer.wrap(x), t * inputs, count, workers);
          t += count;
          if (block.room() == 0 || random.nextInt(5) == 0) {
            Gram.add(gram, block, kernels, workers);
            block.clear();
          }
        }
        Gram.add(gram, block, kernels, workers);
        assertThat(gram)
            .as("%s, %s, %s inputs, %s tokens", what, kernels.getClass(), inputs, tokens)
            .isDeepEqualTo(expected);
      }
    }
  }

  /** Far apart in size, so that any other order of a sum would show. */
  private static float[] values(Random random, int count) {
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] =
          random.nextInt(9) == 0
              ? 0
              : (float) (random.nextGaussian() * Math.exp(random.nextInt(12)));
    }
    return x;
  }

  private static double[][] triangle(int n) {
    double[][] rows = new double[n][];
    for (int j = 0; j < n; j++) {
      rows[j] = new double[j + 1];
    }
    return rows;
  }
}
