package dev.filigree.decoder.model;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.Collections;
import java.util.List;

/**
 * Rotary frequencies that are divided by a factor each: {@code rope_freqs.weight} of a GGUF file,
 * or one factor for all, which is linear scaling.
 *
 * @param factors one for each pair of components of a head, above 0
 */
public record FrequencyFactors(List<Double> factors) implements RopeScaling {
  private static final int MOST_PAIRS = 1 << 16;

  /**
   * Checks the factors.
   *
   * @throws FiligreeException FIL-0702 for one that is none
   */
  public FrequencyFactors {
    factors = List.copyOf(factors);
    for (double f : factors) {
      if (!(f > 0) || Double.isInfinite(f)) {
        throw new FiligreeException(Message.FIL_0702, "factor of a rotary frequency", f, "above 0");
      }
    }
  }

  /**
   * The same factor for every pair.
   *
   * @throws FiligreeException FIL-0702 for a factor, or a number of pairs, that is none
   */
  public static FrequencyFactors linear(double factor, int pairs) {
    if (pairs < 1 || pairs > MOST_PAIRS) {
      throw new FiligreeException(
          Message.FIL_0702, "number of pairs in a head", pairs, "1 to " + MOST_PAIRS);
    }
    return new FrequencyFactors(Collections.nCopies(pairs, factor));
  }

  @Override
  public double scale(int pair, double frequency) {
    return frequency / factors.get(pair);
  }
}
