package dev.filigree.gate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Times several ways to compute the same thing in one process, turn and turn about, so that
 * whatever else the machine does meets all of them alike.
 *
 * <p>After the warm-up every <em>round</em> gives each side one block: some calls without
 * interruption, the first of them not counted (a parallel libtorch call leaves threads behind that
 * spin for a while and steal the cores from whoever comes next, and caches hold the other side's
 * data), and the median of the rest is the side's time of that round. The order of the sides turns
 * around from round to round. A ratio is formed within a round, so slow drifts cancel.
 *
 * <p>The lower bound of a ratio's median is the sign-test (order statistic) bound: with n rounds,
 * the k-th smallest ratio, where k is the largest number with P(Binomial(n, 1/2) &lt; k) &lt;= 0.1.
 * It assumes independent rounds and nothing about the distribution. See W. J. Conover, Practical
 * Nonparametric Statistics, "confidence interval for a quantile".
 */
public final class PairedTimer {

  /** A lower 90 % bound needs four rounds: 1/2^4 is below 0.1. */
  static final int MIN_ROUNDS = 5;

  private static final int WARM_UP_BLOCKS = 2;
  private static final int USUAL_BLOCK = 5;

  private final Duration budget;

  /** Calls of a block; 0 where the time of a call decides. */
  private final int block;

  private final int maxRounds;

  private final TimeSource time;

  private PairedTimer(Duration budget, int block, int maxRounds, TimeSource time) {
    this.budget = budget;
    this.block = block;
    this.maxRounds = maxRounds;
    this.time = time;
  }

  /**
   * Blocks of five calls, of which four count, at most 200 rounds. Where calls take so long that
   * the fewest rounds would not fit into the budget, blocks are of two calls or of one.
   *
   * @param budget about how long {@link #time} may take, warm-up included; five rounds are run even
   *     where it does not suffice
   */
  public static PairedTimer within(Duration budget) {
    return within(budget, TimeSource.SYSTEM);
  }

  static PairedTimer within(Duration budget, TimeSource time) {
    if (budget.isNegative() || budget.isZero()) {
      throw new IllegalArgumentException("the budget is " + budget + "; it must be positive");
    }
    return new PairedTimer(budget, 0, 200, time);
  }

  /**
   * The same with blocks of that many calls.
   *
   * @param calls 1 for strict alternation, where every call counts; else the first of every block
   *     is dropped
   */
  public PairedTimer withBlock(int calls) {
    if (calls < 1) {
      throw new IllegalArgumentException("a block of " + calls + " calls; at least 1 is needed");
    }
    return new PairedTimer(budget, calls, maxRounds, time);
  }

  /** The same with at most that many rounds, at least {@value #MIN_ROUNDS}. */
  public PairedTimer withMaxRounds(int rounds) {
    if (rounds < MIN_ROUNDS) {
      throw new IllegalArgumentException(
          rounds + " rounds; at least " + MIN_ROUNDS + " are needed");
    }
    return new PairedTimer(budget, block, rounds, time);
  }

  /**
   * Times the sides. Each is called many times and must do the same work every time.
   *
   * @param sides at least one; the first is the baseline of the ratios
   */
  public Timing time(Runnable... sides) {
    if (sides.length == 0) {
      throw new IllegalArgumentException("nothing to time");
    }
    long start = time.now();
    if (block == 0) {
      for (Runnable side : sides) {
        side.run();
      }
      return withBlock(fitting(time.now() - start)).time(sides, start);
    }
    return time(sides, start);
  }

  /**
   * The largest block that the budget has time for.
   *
   * @param nanos of one call of every side
   */
  private int fitting(long nanos) {
    long affordable = budget.toNanos() / (WARM_UP_BLOCKS + MIN_ROUNDS) / Math.max(1, nanos);
    return affordable >= USUAL_BLOCK ? USUAL_BLOCK : affordable >= 1 ? 2 : 1;
  }

  private Timing time(Runnable[] sides, long start) {
    warmUp(sides, start);
    // Whatever the compiler took, three tenths of the budget are for the rounds.
    long end = Math.max(start + budget.toNanos(), time.now() + (long) (0.3 * budget.toNanos()));
    List<double[]> rounds = new ArrayList<>();
    do {
      rounds.add(round(sides, rounds.size() % 2 != 0));
    } while (rounds.size() < maxRounds && (rounds.size() < MIN_ROUNDS || time.now() - end < 0));
    return new Timing(rounds);
  }

  /**
   * Blocks in turn, so that the compiler sees what it will see later: at least two of each side and
   * three tenths of the budget, then on until no side has become faster in the last third of the
   * time, seven tenths of the budget at most. While kernels are being compiled it goes on for as
   * long as three budgets.
   */
  private void warmUp(Runnable[] sides, long start) {
    double[] best = new double[sides.length];
    Arrays.fill(best, Double.MAX_VALUE);
    long improved = 0;
    long elapsed = 0;
    int blocks = 0;
    do {
      for (int i = 0; i < sides.length; i++) {
        double nanos = block(sides[i]);
        elapsed = time.now() - start;
        if (nanos < 0.9 * best[i]) {
          best[i] = nanos;
          improved = elapsed;
        }
      }
      blocks++;
    } while (blocks < WARM_UP_BLOCKS || goesOn(elapsed, improved));
  }

  private boolean goesOn(long elapsed, long improved) {
    double share = (double) elapsed / budget.toNanos();
    return share < 0.3
        || (share < 0.7 && elapsed - improved < elapsed / 3)
        || (share < 3 && time.compiling());
  }

  private double[] round(Runnable[] sides, boolean backwards) {
    double[] nanos = new double[sides.length];
    for (int i = 0; i < sides.length; i++) {
      int side = backwards ? sides.length - 1 - i : i;
      nanos[side] = block(sides[side]);
    }
    return nanos;
  }

  private double block(Runnable side) {
    int dropped = block > 1 ? 1 : 0;
    double[] nanos = new double[block - dropped];
    for (int i = 0; i < block; i++) {
      long start = time.now();
      side.run();
      long taken = time.now() - start;
      if (i >= dropped) {
        nanos[i - dropped] = taken;
      }
    }
    Arrays.sort(nanos);
    return Timing.quantile(nanos, 0.5);
  }
}
