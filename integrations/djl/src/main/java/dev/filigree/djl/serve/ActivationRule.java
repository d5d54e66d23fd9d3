package dev.filigree.djl.serve;

import ai.djl.ndarray.NDArray;
import dev.filigree.calibrate.ActiveInputs;
import dev.filigree.pack.InputRule;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.LongAdder;

/**
 * Chooses the inputs of one token that are kept. Safe for any number of threads; counts what it
 * kept.
 */
public abstract class ActivationRule implements InputRule {
  private final LongAdder kept = new LongAdder();
  private final LongAdder total = new LongAdder();

  @Override
  public final int keep(FloatBuffer x, int offset, int n, int[] active) {
    int count = select(x, offset, n, active);
    count(count, n);
    return count;
  }

  /** Counts a choice that was made elsewhere. */
  final void count(long keptInputs, long inputs) {
    kept.add(keptInputs);
    total.add(inputs);
  }

  /**
   * Whether it chooses among these inputs; where it does not, all are kept. Asked once before a
   * forward pass, and by that shown its inputs.
   */
  boolean skipsIn(NDArray x) {
    return true;
  }

  /** Whether two rules keep the same inputs of every token. */
  boolean isSameAs(ActivationRule other) {
    return this == other
        || (threshold().isPresent() && threshold().equals(other.threshold()))
        || (unitThresholds().length > 0 && Arrays.equals(unitThresholds(), other.unitThresholds()));
  }

  abstract int select(FloatBuffer x, int offset, int n, int[] active);

  /** Share of the inputs skipped so far, or NaN. */
  public double realised() {
    long all = total.sum();
    return all == 0 ? Double.NaN : 1 - kept.sum() / (double) all;
  }

  /** The threshold of TEAL, CATS and RELU; empty for rules without one. */
  public OptionalDouble threshold() {
    return OptionalDouble.empty();
  }

  /** Whether it judges the outputs of a gate by ReLU of them; others do by SiLU. */
  boolean isRelu() {
    return false;
  }

  /**
   * The thresholds of CHESS by hidden unit, or of WINA_THRESHOLD by input, not to be changed; empty
   * for rules without.
   */
  public float[] unitThresholds() {
    return new float[0];
  }

  /** TEAL and CATS: |x| above a threshold. A threshold of 0 keeps exactly the non-zeros. */
  public static ActivationRule above(float threshold) {
    return new ActivationRule() {
      @Override
      int select(FloatBuffer x, int offset, int n, int[] active) {
        return ActiveInputs.above(x, offset, n, threshold, active);
      }

      @Override
      public OptionalDouble threshold() {
        return OptionalDouble.of(threshold);
      }
    };
  }

  /** RELU: ReLU(x) above a threshold, which is 0 or more, that is x above it. A NaN is kept. */
  public static ActivationRule relu(float threshold) {
    return new ActivationRule() {
      @Override
      int select(FloatBuffer x, int offset, int n, int[] active) {
        int count = 0;
        for (int i = 0; i < n; i++) {
          active[count] = i; // overwritten by the next one unless it counts
          count += x.get(offset + i) <= threshold ? 0 : 1;
        }
        return count;
      }

      @Override
      boolean isRelu() {
        return true;
      }

      @Override
      public OptionalDouble threshold() {
        return OptionalDouble.of(threshold);
      }
    };
  }

  /**
   * CHESS and WINA_THRESHOLD: |x_i| above a threshold of its own.
   *
   * @param thresholds of a row; inputs may be several rows, one behind the other
   */
  public static ActivationRule above(float[] thresholds) {
    return new ActivationRule() {
      @Override
      int select(FloatBuffer x, int offset, int n, int[] active) {
        int count = 0;
        for (int i = 0; i < n; i++) {
          active[count] = i; // overwritten by the next one unless it counts
          count += Math.abs(x.get(offset + i)) <= thresholds[i % thresholds.length] ? 0 : 1;
        }
        return count;
      }

      @Override
      public float[] unitThresholds() {
        return thresholds;
      }
    };
  }

  /** TOP_K: all but the {@code remove} inputs with the smallest |x|. */
  public static ActivationRule topK(int remove) {
    return new ActivationRule() {
      @Override
      int select(FloatBuffer x, int offset, int n, int[] active) {
        return Scratch.get().inputs(n).topK(x, offset, n, remove, active);
      }
    };
  }

  /** WINA: all but the {@code remove} inputs with the smallest |x_i| * norm_i. */
  public static ActivationRule wina(double[] norms, int remove) {
    return new ActivationRule() {
      @Override
      int select(FloatBuffer x, int offset, int n, int[] active) {
        return Scratch.get().inputs(n).wina(x, offset, n, norms, remove, active);
      }
    };
  }
}
