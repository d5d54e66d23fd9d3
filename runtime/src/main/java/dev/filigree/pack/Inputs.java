package dev.filigree.pack;

import java.nio.ByteBuffer;

/** Activation rows as an array on the heap, where kernels pick single inputs. */
final class Inputs {

  private Inputs() {}

  /** Copies floats {@code at} to {@code at + count} of x to the start of the array. */
  static void copy(ByteBuffer x, int at, int count, float[] into) {
    for (int i = 0; i < count; i++) {
      into[i] = x.getFloat(4 * (at + i));
    }
  }

  /** Whether the first elements are all finite numbers. */
  static boolean finite(float[] x, int count) {
    // 0 times a finite number is 0; infinities and NaN give NaN, which stays. Four sums, because
    // one
    // would wait for every addition.
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int i = 0;
    for (; i + 3 < count; i += 4) {
      s0 += 0f * x[i];
      s1 += 0f * x[i + 1];
      s2 += 0f * x[i + 2];
      s3 += 0f * x[i + 3];
    }
    for (; i < count; i++) {
      s0 += 0f * x[i];
    }
    return (s0 + s1) + (s2 + s3) == 0f;
  }
}
