package dev.filigree.calibrate;

import dev.filigree.plan.FiligreeException;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * One threshold per channel, from one threshold of a score.
 *
 * <p>Channels may be the hidden units of a gated feed-forward block: CHESS, He et al. 2024. Leaving
 * out unit i of a token changes the block by g_i u_i times its column of down, g the gate after its
 * activation function and u the up projection. With u not known yet, unit i matters by |g_i| r_i,
 * r_i = sqrt(E[u_i^2]). A sparsity s gives one T, the value of rank ceil(n s) of all n calibration
 * values |g_i| r_i, and unit i the threshold t_i = T / r_i: it is kept where |g_i| is greater.
 *
 * <p>Only ratios of the r_i count, so they are taken relative to the largest. Where all are equal
 * the thresholds are those of CATS, bit for bit. A unit whose up projection was always zero in
 * calibration would never be kept however large its gate; so r_i is at least {@value #LEAST}.
 *
 * <p>Or they are the inputs of a layer: WINA, Chen et al. 2025, with a threshold in the place of
 * its exact count. Input i of a token matters by |x_i| c_i, c_i = ||W[:,i]||_2, and is kept where
 * |x_i| is greater than T / c_i. One whose column is zero is never kept.
 *
 * <p>Gates are added after the energies are known, in a second pass. Safe for several threads.
 */
public final class ChannelThresholds {
  /** The least r_i of a block, relative to its largest. */
  public static final float LEAST = 1e-3f;

  private final float[] factors;
  private final MagnitudeThreshold scores;

  /**
   * @param layer named in messages
   * @param energies E[u_i^2] by hidden unit, or any multiple of them; finite, not negative
   */
  public ChannelThresholds(String layer, double[] energies) {
    this(layer, factors(energies, LEAST));
  }

  private ChannelThresholds(String layer, float[] factors) {
    this.factors = factors;
    scores = new MagnitudeThreshold(layer);
  }

  /**
   * Those of WINA.
   *
   * @param layer named in messages
   * @param norms ||W[:,i]||_2 by input; where several layers share their input, of their weights
   *     one above the other. Finite, not negative
   */
  public static ChannelThresholds ofInputs(String layer, double[] norms) {
    return new ChannelThresholds(
        layer, factors(Arrays.stream(norms).map(c -> c * c).toArray(), /* least= */ 0));
  }

  /**
   * r_i of every channel relative to the largest, from {@code least} to 1; all 1 where every energy
   * is zero.
   *
   * @param energies r_i^2, or any multiple of them
   */
  static float[] factors(double[] energies, float least) {
    double largest = Arrays.stream(energies).max().orElse(0);
    float[] out = new float[energies.length];
    for (int i = 0; i < out.length; i++) {
      double e = energies[i];
      if (!(e >= 0 && Double.isFinite(e))) {
        throw new IllegalArgumentException("the energy of channel " + i + " is " + e);
      }
      out[i] = largest == 0 ? 1 : Math.max(least, (float) Math.sqrt(e / largest));
    }
    return out;
  }

  /** r_i of every channel relative to the largest. */
  public float[] factors() {
    return factors.clone();
  }

  /**
   * Adds gates after their activation function, or inputs.
   *
   * @param values [rows][channels] from the position to the limit; the position does not move
   * @throws FiligreeException FIL-0215 for NaN or infinity
   */
  public void add(FloatBuffer values) {
    int n = values.remaining();
    FloatBuffer weighted = FloatBuffer.allocate(n);
    for (int i = 0; i < n; i++) {
      weighted.put(i, values.get(values.position() + i) * factors[i % factors.length]);
    }
    scores.add(weighted);
  }

  /** T at many sparsities, see {@link MagnitudeThreshold#thresholds}. */
  public float[] scores(double... sparsities) {
    return scores.thresholds(sparsities);
  }

  /**
   * The threshold of every channel at a sparsity; all negative at 0.
   *
   * @throws FiligreeException FIL-0101 for the sparsity, FIL-0214 where nothing was added
   */
  public float[] thresholds(double sparsity) {
    return thresholds(factors, scores.threshold(sparsity));
  }

  /**
   * The threshold of every channel: the largest number t whose product with r_i, as it is rounded,
   * is not above T.
   *
   * @param factors r_i; a channel with 0 is never kept, unless all are
   * @param score T; a negative one keeps everything
   */
  public static float[] thresholds(float[] factors, float score) {
    float[] out = new float[factors.length];
    for (int i = 0; i < out.length; i++) {
      float r = factors[i];
      if (r == 0 && score >= 0) {
        out[i] = Float.MAX_VALUE;
        continue;
      }
      float t = score < 0 ? score : Math.min(Float.MAX_VALUE, score / r);
      while (score >= 0 && t * r > score) {
        t = Math.nextDown(t);
      }
      while (score >= 0 && t < Float.MAX_VALUE && Math.nextUp(t) * r <= score) {
        t = Math.nextUp(t);
      }
      out[i] = t;
    }
    return out;
  }
}
