package dev.filigree.pack;

import java.nio.ByteBuffer;

/** Activation rows as an array on the heap, where kernels pick single inputs. */
final class Inputs {

  private Inputs() {}

  /** Copies floats {@code at} to {@code at + count} of x to the start of the array. */
  static void copy(ByteBuffer x, int at, int count, float[] into) {
    x.slice(4 * at, 4 * count).order(x.order()).asFloatBuffer().get(into, 0, count);
  }

  /** Whether the first elements are all finite numbers. */
  static boolean finite(float[] x, int count) {
    // 0 times a finite number is 0; infinities and NaN give NaN, which stays.
    float sum = 0;
    for (int i = 0; i < count; i++) {
      sum += 0f * x[i];
    }
    return sum == 0f;
  }
}
