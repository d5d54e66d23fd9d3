package dev.filigree.pack;

import dev.filigree.kernel.AlignedMemory;
import java.nio.ByteBuffer;
import java.util.Random;

/** Weights and activations for tests. */
final class Samples {

  private Samples() {}

  /** How the zeros lie. */
  enum Pattern {
    UNIFORM,
    /** Row r keeps about a share of 1 / (r + 1). */
    POWER_LAW,
    /** Every third row is empty, every third is full. */
    EMPTY_AND_FULL_ROWS,
    /** Two of four. */
    TWO_OF_FOUR,
    /** Nothing but the last input. */
    LAST_COLUMN
  }

  /** Weights [rows][cols]; sparsity is used by UNIFORM only. */
  static float[] weights(Random random, Pattern pattern, int rows, int cols, double sparsity) {
    float[] w = new float[rows * cols];
    for (int r = 0; r < rows; r++) {
      for (int k = 0; k < cols; k++) {
        boolean kept =
            switch (pattern) {
              case UNIFORM -> random.nextDouble() >= sparsity;
              case POWER_LAW -> random.nextDouble() < 1.0 / (r + 1);
              case EMPTY_AND_FULL_ROWS -> r % 3 == 0 || (r % 3 == 1 && random.nextBoolean());
              case TWO_OF_FOUR -> (k + r) % 4 < 2;
              case LAST_COLUMN -> k == cols - 1;
            };
        if (kept) {
          w[r * cols + k] = (float) random.nextGaussian();
        }
      }
    }
    return w;
  }

  static float[] gaussian(Random random, int count) {
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  /** Replaces about one in that many by special values. */
  static void sprinkle(Random random, float[] values, int oneIn, float... special) {
    for (int i = 0; i < values.length; i++) {
      if (random.nextInt(oneIn) == 0) {
        values[i] = special[random.nextInt(special.length)];
      }
    }
  }

  /** An aligned direct buffer. */
  static ByteBuffer direct(float[] values) {
    ByteBuffer buffer = AlignedMemory.allocate(4 * values.length);
    buffer.asFloatBuffer().put(values);
    return buffer;
  }

  /** A direct buffer that is aligned to 4 bytes and to nothing more. */
  static ByteBuffer misaligned(float[] values) {
    ByteBuffer buffer =
        AlignedMemory.allocate(4 * values.length + 4)
            .slice(4, 4 * values.length)
            .order(java.nio.ByteOrder.nativeOrder());
    buffer.asFloatBuffer().put(values);
    return buffer;
  }

  static float[] array(ByteBuffer buffer) {
    float[] values = new float[buffer.limit() / 4];
    buffer.asFloatBuffer().get(values);
    return values;
  }
}
