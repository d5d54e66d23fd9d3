package dev.filigree.gate;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Calls every contender until its code is compiled. So the first use of a kernel in a process is
 * not taken for its speed, and one that then takes many times as long as the others, at a large
 * batch say, does not use up the time that the close ones need.
 *
 * @param micros the fastest call of each, by name
 * @param best the fastest call of all, in microseconds
 * @param limit below it a contender costs so little that it is measured in any case
 */
record Trial(Map<String, Double> micros, double best, double limit) {
  /** How many times slower than the best a contender is hopeless. */
  static final double HOPELESS = 3;

  /** A call this much faster than those before says that the code has not settled. */
  private static final double IMPROVED = 0.9;

  /** How much longer than the budget of a measurement the compiler is waited for. */
  private static final int PATIENCE = 10;

  private static final int LEAST_CALLS = 3;

  /** How many calls a measurement makes at least. */
  private static final int CALLS_MEASURED = 35;

  /**
   * Calls every contender at least three times, and on while it becomes faster or is being
   * compiled; one that takes longer than the budget is called twice.
   *
   * @param budget of the measurement that follows; a contender takes up to {@value #PATIENCE} times
   *     as long
   */
  static Trial of(List<Contender> contenders, Duration budget, TimeSource time) {
    Map<String, Double> micros = new LinkedHashMap<>();
    double best = Double.MAX_VALUE;
    for (Contender contender : contenders) {
      double fastest = settled(contender.call(), budget.toNanos(), time) / 1e3;
      micros.put(contender.name(), fastest);
      best = Math.min(best, fastest);
    }
    return new Trial(micros, best, budget.toNanos() / 1e3 / CALLS_MEASURED / contenders.size());
  }

  /** Nanoseconds of the fastest call. */
  private static double settled(Runnable call, long budget, TimeSource time) {
    long start = time.now();
    double fastest = Double.MAX_VALUE;
    long improved = 0;
    long elapsed;
    int calls = 0;
    int settledCalls = 0;
    do {
      long before = time.now();
      call.run();
      double nanos = time.now() - before;
      elapsed = time.now() - start;
      calls++;
      settledCalls++;
      if (nanos < IMPROVED * fastest) {
        improved = elapsed;
        settledCalls = 0;
      }
      fastest = Math.min(fastest, nanos);
    } while (calls < (fastest > budget ? 2 : LEAST_CALLS)
        || (elapsed < PATIENCE * budget
            && (settledCalls < LEAST_CALLS
                || elapsed - improved < elapsed / 3
                || time.compiling())));
    return fastest;
  }

  /** Whether measuring it further would cost much and change nothing. */
  boolean isHopeless(Contender contender) {
    double one = micros.get(contender.name());
    return one > limit && one > HOPELESS * best;
  }
}
