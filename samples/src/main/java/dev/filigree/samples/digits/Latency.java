package dev.filigree.samples.digits;

import ai.djl.inference.Predictor;
import java.util.Arrays;
import java.util.List;

/**
 * Times several predictors side by side. They take turns in short blocks, so whatever else the
 * machine does hits all of them, and each round yields one paired ratio. A block starts with calls
 * that are not timed: threads that the side before left spinning have gone to sleep by then, and
 * its weights are back in the cache as they would be in a program that runs one model.
 */
final class Latency {
  private static final long WARM_NANOS = 12_000_000;
  private static final long BLOCK_NANOS = 20_000_000;
  private static final int LEAST_CALLS = 3;

  /** Median time of one call for every round and side, in microseconds, [sides][rounds]. */
  private final double[][] micros;

  private Latency(double[][] micros) {
    this.micros = micros;
  }

  /**
   * Measures.
   *
   * @param sides what to time, in the order of the results
   * @param images pool of inputs; each call takes the next {@code batch} of them
   * @param rounds blocks per side, at least 1
   */
  static Latency measure(
      String task,
      List<Predictor<float[], float[]>> sides,
      Digits images,
      int batch,
      int rounds,
      Progress progress) {
    float[][] inputs = new float[images.size() / batch][];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = images.slice(i * batch, (i + 1) * batch).floats();
    }
    double[][] micros = new double[sides.size()][rounds];
    for (int round = -1; round < rounds; round++) {
      // Round -1 lets the compiler settle and is thrown away.
      for (int turn = 0; turn < sides.size(); turn++) {
        int side = Math.floorMod(turn + round, sides.size());
        double block = block(sides.get(side), inputs);
        if (round >= 0) {
          micros[side][round] = block;
        }
      }
      progress.at(task, round + 1, rounds);
    }
    return new Latency(micros);
  }

  private static double block(Predictor<float[], float[]> predictor, float[][] inputs) {
    int next = 0;
    long start = System.nanoTime();
    do {
      Accuracy.call(predictor, inputs[next++ % inputs.length]);
    } while (System.nanoTime() - start < WARM_NANOS);
    double[] calls = new double[1024];
    int count = 0;
    start = System.nanoTime();
    long before = start;
    do {
      Accuracy.call(predictor, inputs[next++ % inputs.length]);
      long after = System.nanoTime();
      calls[count++] = (after - before) / 1e3;
      before = after;
    } while (count < calls.length && (count < LEAST_CALLS || before - start < BLOCK_NANOS));
    return Spread.of(Arrays.copyOf(calls, count)).median();
  }

  /** Median microseconds of one call of a side. */
  double micros(int side) {
    return Spread.of(micros[side]).median();
  }

  /** Time of {@code slow} over time of {@code fast}, paired by round: above 1 fast is faster. */
  Spread ratio(int slow, int fast) {
    double[] ratios = new double[micros[slow].length];
    for (int r = 0; r < ratios.length; r++) {
      ratios[r] = micros[slow][r] / micros[fast][r];
    }
    return Spread.of(ratios);
  }
}
