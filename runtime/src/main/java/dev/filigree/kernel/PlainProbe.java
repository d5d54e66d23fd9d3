package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;

/** Plain loops. */
final class PlainProbe implements ProbeLoops {

  /** Four sums side by side, so that reading and not adding sets the pace. */
  @Override
  public long read(ByteBuffer memory, int from, int to) {
    LongBuffer b = memory.asLongBuffer();
    long s0 = 0;
    long s1 = 0;
    long s2 = 0;
    long s3 = 0;
    for (int i = 8 * from; i < 8 * to; i += 4) {
      s0 += b.get(i);
      s1 += b.get(i + 1);
      s2 += b.get(i + 2);
      s3 += b.get(i + 3);
    }
    return s0 + s1 + s2 + s3;
  }

  /** Plain loops multiply and add in two instructions, which this does as well. */
  @Override
  public float multiplyAdds(int steps) {
    float one = steps > 0 ? 1f : 0f;
    float a = 0;
    float b = 0;
    float c = 0;
    float d = 0;
    float e = 0;
    float f = 0;
    float g = 0;
    float h = 0;
    for (int i = 0; i < steps; i++) {
      a = a * one + one;
      b = b * one + one;
      c = c * one + one;
      d = d * one + one;
      e = e * one + one;
      f = f * one + one;
      g = g * one + one;
      h = h * one + one;
    }
    return (a + b + c + d + e + f + g + h) / 8;
  }

  @Override
  public int chains() {
    return 8;
  }
}
