package dev.filigree.criterion;

import dev.filigree.annotations.Criterion;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;

/** Scores that need nothing but the weights. */
public final class Criteria {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private Criteria() {}

  /**
   * Scores of a weight matrix, in double precision; the lowest are removed first.
   *
   * @param w weights [rows][cols] from the buffer's position on, which does not move
   * @param seed used by {@link Criterion#RANDOM} only, as is {@code path}
   * @param path the layer's path or the tensor's name; the same path and seed give the same scores
   *     on any machine
   * @return [rows][cols], row-major; RANDOM is uniform over [0, 1)
   * @throws FiligreeException FIL-0408 where {@code w} has another size, FIL-0420 for criteria that
   *     need the layer's inputs: those are for {@link OneShot}
   */
  public static double[] scores(
      Criterion c, FloatBuffer w, int rows, int cols, long seed, String path) {
    if (rows < 0 || cols < 0 || w.remaining() != (long) rows * cols) {
      throw new FiligreeException(Message.FIL_0408, "weights", w.remaining(), rows, cols);
    }
    return switch (c) {
      case MAGNITUDE -> magnitudes(w);
      case RANDOM -> random(rows * cols, seed, path);
      case WANDA, SPARSEGPT ->
          throw new FiligreeException(
              Message.FIL_0420, path, c, "statistics of the layer's inputs");
    };
  }

  private static double[] magnitudes(FloatBuffer w) {
    double[] scores = new double[w.remaining()];
    int base = w.position();
    for (int i = 0; i < scores.length; i++) {
      scores[i] = Math.abs(w.get(base + i));
    }
    return scores;
  }

  // SplitMix64 (Steele, Lea, Flood 2014) started at a state that mixes seed and path; position i is
  // its i-th output.
  private static double[] random(int n, long seed, String path) {
    long state = mix(mix(seed + GOLDEN_GAMMA) + hash(path));
    double[] scores = new double[n];
    for (int i = 0; i < n; i++) {
      scores[i] = (mix(state + (i + 1) * GOLDEN_GAMMA) >>> 11) * 0x1p-53;
    }
    return scores;
  }

  private static long mix(long z) {
    long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
    return b ^ (b >>> 31);
  }

  // FNV-1a over the UTF-8 bytes.
  private static long hash(String path) {
    long h = 0xCBF29CE484222325L;
    for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
      h = (h ^ (b & 0xFF)) * 0x100000001B3L;
    }
    return h;
  }
}
