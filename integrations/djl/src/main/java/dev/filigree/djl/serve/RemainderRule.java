package dev.filigree.djl.serve;

import dev.filigree.kernel.ValueType;
import dev.filigree.pack.Remainder;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.OptionalDouble;

/**
 * R_SPARSE: |x_i| ||W[:,i]|| above a threshold; what is skipped goes through factors of low rank,
 * whose result is added to the outputs.
 */
public final class RemainderRule extends ActivationRule {
  private final Remainder remainder;
  private final float threshold;
  private final CalibratedWeights weights;

  /**
   * @param weights W as it was when the remainder was made, float32 from index 0 to the limit
   */
  public RemainderRule(Remainder remainder, float threshold, ByteBuffer weights) {
    this.remainder = remainder;
    this.threshold = threshold;
    this.weights = new CalibratedWeights(weights);
  }

  /** What skipped inputs add. */
  public Remainder remainder() {
    return remainder;
  }

  /** What it must be the remainder of. */
  CalibratedWeights weights() {
    return weights;
  }

  @Override
  int select(FloatBuffer x, int offset, int n, int[] active) {
    int count = 0;
    for (int i = 0; i < n; i++) {
      active[count] = i; // overwritten by the next one unless it counts
      count += remainder.skips(i, x.get(offset + i), threshold) ? 0 : 1;
    }
    return count;
  }

  /** The threshold of |x_i| ||W[:,i]||. */
  @Override
  public OptionalDouble threshold() {
    return OptionalDouble.of(threshold);
  }

  @Override
  boolean isSameAs(ActivationRule other) {
    return this == other;
  }

  /**
   * Adds B A (x * (1 - m)) to the outputs of every row.
   *
   * @param x float32 [batch][inputs] from index 0
   * @param type of the factors
   * @param y float32 [batch][outputs] from index 0
   */
  void addSkipped(ByteBuffer x, int batch, ValueType type, ByteBuffer y) {
    if (remainder.rank() == 0) {
      return;
    }
    Remainder.Factors factors = remainder.factors(type);
    int inputs = remainder.inputs();
    int outputs = factors.out().rows();
    Scratch scratch = Scratch.get();
    ByteBuffer skipped = scratch.input(Math.multiplyExact(4 * batch, inputs));
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < inputs; i++) {
        int at = 4 * (b * inputs + i);
        float v = x.getFloat(at);
        skipped.putFloat(at, remainder.skips(i, v, threshold) ? v : 0f);
      }
    }
    ByteBuffer inner = scratch.inner(Math.multiplyExact(4 * batch, remainder.rank()));
    factors.in().multiply(skipped, batch, null, inner);
    int bytes = Math.multiplyExact(4 * batch, outputs);
    ByteBuffer added = scratch.outputs(bytes);
    factors.out().multiply(inner, batch, null, added);
    for (int at = 0; at < bytes; at += 4) {
      y.putFloat(at, y.getFloat(at) + added.getFloat(at));
    }
  }
}
