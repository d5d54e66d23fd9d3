package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.kernel.AttentionKernels;
import dev.filigree.kernel.KernelSelection;
import dev.filigree.kernel.Kernels;
import dev.filigree.kernel.KeyValueArrays;
import dev.filigree.kernel.ReferenceKernels;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Attention against the definition, computed here in double from keys and values as given. */
abstract class AttentionEquivalence {

  private static List<Kernels> kernels() {
    return List.of(KernelSelection.current(), KernelSelection.plain(), new ReferenceKernels());
  }

  /** New inputs every time; {@code -Dfiligree.test.seed} repeats a failure. */
  private static long seed() {
    return Long.getLong("filigree.test.seed", System.nanoTime());
  }

  @Test
  void everyHeadAndRange() {
    long seed = seed();
    Random random = new Random(seed);
    for (int run = 0; run < 120; run++) {
      int kvHeads = 1 + random.nextInt(3);
      int headDim = run < 70 ? run + 1 : List.of(64, 80, 96, 128).get(random.nextInt(4));
      int positions = 1 + random.nextInt(run % 2 == 0 ? 20 : 150);
      Case c = new Case(random, kvHeads, headDim, positions, 1);
      int first = random.nextBoolean() ? 0 : random.nextInt(positions);
      int end = first + 1 + random.nextInt(positions - first);
      c.check("seed " + seed + " run " + run, random.nextInt(kvHeads), first, end);
    }
  }

  /** Some of the exponentials are below the smallest float, or one is nearly all. */
  @Test
  void scoresFarApart() {
    long seed = seed();
    Random random = new Random(seed);
    for (int run = 0; run < 20; run++) {
      Case c = new Case(random, 1, 16, 40, 20);
      c.check("seed " + seed + " run " + run, 0, 0, 40);
    }
  }

  @Test
  void notANumber() {
    Random random = new Random(4);
    for (Kernels kernels : kernels()) {
      Case c = new Case(random, 1, 16, 20, 1);
      c.q[3] = Float.NaN;
      float[] out = c.run(kernels, 0, 2, 19);
      assertThat(out).as(kernels.name()).containsOnly(Float.NaN);
    }
  }

  private static final class Case {
    private final int headDim;
    private final float[][] keys;
    private final float[][] values;
    private final float[] q;
    private final int kvHeads;

    Case(Random random, int kvHeads, int headDim, int positions, float spread) {
      this.kvHeads = kvHeads;
      this.headDim = headDim;
      keys = new float[positions][];
      values = new float[positions][];
      for (int t = 0; t < positions; t++) {
        keys[t] = Samples.gaussian(random, kvHeads * headDim);
        values[t] = Samples.gaussian(random, kvHeads * headDim);
      }
      q = Samples.gaussian(random, headDim + 3);
      for (int i = 0; i < q.length; i++) {
        q[i] *= spread;
      }
    }

    /** What is outside the range is not a number: it must not be seen. */
    float[] run(Kernels kernels, int kvHead, int first, int end) {
      KeyValueArrays kv = new KeyValueArrays(kvHeads, headDim, keys.length);
      float[] nothing = new float[kvHeads * headDim];
      Arrays.fill(nothing, Float.NaN);
      for (int t = 0; t < kv.capacity(); t++) {
        boolean seen = t >= first && t < end;
        float[] both = Arrays.copyOf(seen ? keys[t] : nothing, 2 * nothing.length);
        System.arraycopy(seen ? values[t] : nothing, 0, both, nothing.length, nothing.length);
        kv.put(t, both, 0, nothing.length);
      }
      float[] scores = new float[7 + AttentionKernels.scores(end - first) + 7];
      Arrays.fill(scores, Float.NaN);
      float[] out = new float[headDim + 9];
      Arrays.fill(out, 77f);
      kernels.attention().head(kv, kvHead, q, 0, first, end, scores, 7, out, 5);
      assertThat(Arrays.copyOf(scores, 7)).as("before the scores").containsOnly(Float.NaN);
      assertThat(Arrays.copyOfRange(scores, scores.length - 7, scores.length))
          .as("behind the scores")
          .containsOnly(Float.NaN);
      assertThat(new float[] {out[4], out[headDim + 5]}).as("around").containsOnly(77f);
      return Arrays.copyOfRange(out, 5, 5 + headDim);
    }

    void check(String what, int kvHead, int first, int end) {
      int at = kvHead * headDim;
      double[] scores = new double[end - first];
      double max = Double.NEGATIVE_INFINITY;
      double magnitude = 0;
      for (int t = first; t < end; t++) {
        double sum = 0;
        double sizes = 0;
        for (int d = 0; d < headDim; d++) {
          double term = (double) q[d] * keys[t][at + d];
          sum += term;
          sizes += Math.abs(term);
        }
        scores[t - first] = sum / Math.sqrt(headDim);
        magnitude = Math.max(magnitude, sizes / Math.sqrt(headDim));
        max = Math.max(max, scores[t - first]);
      }
      double total = 0;
      for (int i = 0; i < scores.length; i++) {
        scores[i] = Math.exp(scores[i] - max);
        total += scores[i];
      }
      // An error of a score is one of all shares relatively, and there are two sums over positions.
      double relative = 0x1p-22 * ((headDim + 4) * magnitude + end - first + 4);
      for (Kernels kernels : kernels()) {
        float[] out = run(kernels, kvHead, first, end);
        for (int d = 0; d < headDim; d++) {
          double sum = 0;
          double sizes = 0;
          for (int t = first; t < end; t++) {
            double term = scores[t - first] * values[t][at + d];
            sum += term;
            sizes += Math.abs(term);
          }
          double bound = relative * sizes / total + 1e-30;
          if (!(Math.abs(out[d] - sum / total) <= bound)) {
            assertThat(out[d])
                .as(what + " " + kernels.name() + ", component " + d + " of " + headDim)
                .isEqualTo((float) (sum / total));
          }
        }
      }
    }
  }
}
