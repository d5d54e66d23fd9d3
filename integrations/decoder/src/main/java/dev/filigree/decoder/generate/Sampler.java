package dev.filigree.decoder.generate;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/** Chooses the next id. The same settings and seed choose the same ids. For one thread. */
public final class Sampler {
  private final Settings settings;
  private final SplittableRandom random;

  /** A sampler. */
  public Sampler(Settings settings) {
    this.settings = settings;
    this.random = new SplittableRandom(settings.seed());
  }

  /**
   * How ids are drawn.
   *
   * @param temperature 0 for the most likely id, else the logits are divided by it
   * @param topK only that many of the most likely ids; 0 for all
   * @param topP only the most likely ids that together reach this probability; 1 for all
   * @param seed of the draws
   */
  public record Settings(double temperature, int topK, double topP, long seed) {
    /** The most likely id, always. */
    public static final Settings GREEDY = new Settings(0, 0, 1, 0);

    /**
     * Checks the ranges.
     *
     * @throws FiligreeException FIL-0715
     */
    public Settings {
      if (!(temperature >= 0 && Double.isFinite(temperature))) {
        throw new FiligreeException(Message.FIL_0715, "temperature", temperature, "0 or more");
      }
      if (topK < 0) {
        throw new FiligreeException(Message.FIL_0715, "top-k", topK, "0 (all ids) or more");
      }
      if (!(topP > 0 && topP <= 1)) {
        throw new FiligreeException(Message.FIL_0715, "top-p", topP, "above 0 and at most 1");
      }
    }
  }

  /**
   * Chooses an id; of equally likely ones the first where the most likely is wanted.
   *
   * @param logits of all ids, from index 0 on
   */
  public int next(FloatBuffer logits, int ids) {
    int best = 0;
    for (int i = 1; i < ids; i++) {
      best = logits.get(i) > logits.get(best) ? i : best;
    }
    if (settings.temperature() == 0) {
      return best;
    }
    double[] weights = new double[ids];
    double sum = 0;
    for (int i = 0; i < ids; i++) {
      weights[i] = Math.exp((logits.get(i) - logits.get(best)) / settings.temperature());
      sum += weights[i];
    }
    boolean all = (settings.topK() == 0 || settings.topK() >= ids) && settings.topP() == 1;
    return all ? draw(weights, null, ids, sum) : drawFew(weights);
  }

  private int drawFew(double[] weights) {
    int k = settings.topK() == 0 ? weights.length : Math.min(settings.topK(), weights.length);
    int[] order = largest(weights, k);
    double total = 0;
    for (int id : order) {
      total += weights[id];
    }
    int count = 0;
    double sum = 0;
    while (count < order.length && (count == 0 || sum < settings.topP() * total)) {
      sum += weights[order[count++]];
    }
    return draw(weights, order, count, sum);
  }

  /** The k ids of the largest weights, the largest first; of equal ones the first id. */
  private static int[] largest(double[] weights, int k) {
    Comparator<Integer> better =
        Comparator.comparingDouble((Integer i) -> -weights[i]).thenComparing(i -> i);
    PriorityQueue<Integer> kept = new PriorityQueue<>(better.reversed());
    for (int i = 0; i < weights.length; i++) {
      if (kept.size() < k) {
        kept.add(i);
      } else if (weights[i] > weights[kept.peek()]) {
        kept.poll();
        kept.add(i);
      }
    }
    Integer[] order = kept.toArray(new Integer[0]);
    Arrays.sort(order, better);
    return Arrays.stream(order).mapToInt(Integer::intValue).toArray();
  }

  private int draw(double[] weights, int[] order, int count, double sum) {
    double left = random.nextDouble() * sum;
    int id = 0;
    for (int i = 0; i < count; i++) {
      id = order == null ? i : order[i];
      left -= weights[id];
      if (left < 0) {
        return id;
      }
    }
    return id; // rounding left a little over
  }
}
