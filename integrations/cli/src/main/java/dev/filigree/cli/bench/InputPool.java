package dev.filigree.cli.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Inputs made before the clock runs; each has zeros of its own. */
final class InputPool {
  private static final int MOST = 64;
  private static final int LEAST = 2;
  private static final long MOST_BYTES = 1L << 28;

  private InputPool() {}

  /** How many inputs one pool holds: 64, fewer where they are very large. */
  static int size(LayerSpec spec) {
    long bytes = 4L * spec.batch() * spec.cols();
    return (int) Math.max(LEAST, Math.min(MOST, MOST_BYTES / bytes));
  }

  /**
   * Normally distributed arrays [batch, cols]; in every row exactly floor(cols * activation
   * sparsity) inputs, chosen at random, are zero.
   */
  static List<NDArray> make(NDManager manager, LayerSpec spec) {
    // Another stream than that of the weights.
    RandomGenerator random = new SplittableRandom(spec.seed()).split();
    int[] order = new int[spec.cols()];
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    List<NDArray> pool = new ArrayList<>();
    for (int i = 0; i < size(spec); i++) {
      NDArray x = manager.create(new Shape(spec.batch(), spec.cols()), DataType.FLOAT32);
      fill(NativeFloats.of(x).asFloatBuffer(), spec, order, random);
      pool.add(x);
    }
    return List.copyOf(pool);
  }

  private static void fill(FloatBuffer x, LayerSpec spec, int[] order, RandomGenerator random) {
    for (int i = 0; i < spec.batch() * spec.cols(); i++) {
      x.put(i, (float) random.nextGaussian());
    }
    for (int b = 0; b < spec.batch(); b++) {
      // The first steps of a Fisher-Yates shuffle choose without repetition.
      for (int i = 0; i < spec.zeroInputs(); i++) {
        int other = i + random.nextInt(order.length - i);
        int zero = order[other];
        order[other] = order[i];
        order[i] = zero;
        x.put(b * spec.cols() + zero, 0f);
      }
    }
  }
}
