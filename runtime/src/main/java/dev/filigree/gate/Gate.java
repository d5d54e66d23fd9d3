package dev.filigree.gate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The break-even rule: a layer runs sparse only where that is measurably faster, so that switching
 * Filigree on never makes a model slower.
 *
 * <p>Two measurements: a short one of everything finds the fastest form, a second one of that form
 * alone against dense decides. The winner of a comparison looks better in it than it is, so the
 * first one decides nothing.
 */
public final class Gate {

  /** What the lower bound of dense over packed must exceed. */
  public static final double THRESHOLD = 1.02;

  /** From here on dense may not be chosen; a median between the two is measured longer. */
  public static final double CLEAR = 1.10;

  /** How often a measurement that decided nothing goes on. */
  private static final int EXTENSIONS = 4;

  private Gate() {}

  /** Whether to run sparse, given the time of dense over the time of packed. */
  public static boolean sparse(Ratio denseOverPacked) {
    return denseOverPacked.lower90() > THRESHOLD;
  }

  /**
   * Median microseconds of every contender, by name. Those that a few calls show to be hopeless are
   * not measured further: theirs is the fastest of these calls.
   *
   * @param budget about how long it may take
   */
  public static Map<String, Double> screen(List<Contender> contenders, Duration budget) {
    return screen(contenders, budget, TimeSource.SYSTEM);
  }

  static Map<String, Double> screen(List<Contender> contenders, Duration budget, TimeSource time) {
    Trial trial = Trial.of(contenders, budget, time);
    Map<String, Double> micros = new LinkedHashMap<>(trial.micros());
    List<Contender> left = contenders.stream().filter(c -> !trial.isHopeless(c)).toList();
    Timing timing =
        PairedTimer.within(budget, time)
            .time(left.stream().map(Contender::call).toArray(Runnable[]::new));
    for (int i = 0; i < left.size(); i++) {
      micros.put(left.get(i).name(), timing.medianMicros(i));
    }
    return micros;
  }

  /**
   * Measures one form against dense until the rule is clear about it: side 0 is dense, side 1 the
   * form. Where the median says that it is faster and the bound does not yet, more rounds follow.
   * Where the form passes by little it has to pass once more: two measurements of a layer that
   * takes microseconds differ by more than the rounds of one of them do.
   *
   * @param budget about how long it takes; up to {@value #EXTENSIONS} times longer where it is
   *     close
   */
  public static Timing confirm(Contender dense, Contender form, Duration budget) {
    return confirm(dense, form, budget, TimeSource.SYSTEM);
  }

  static Timing confirm(Contender dense, Contender form, Duration budget, TimeSource time) {
    List<Timing> parts = new ArrayList<>();
    Timing all;
    do {
      parts.add(PairedTimer.within(budget, time).time(dense.call(), form.call()));
      all = Timing.joined(parts);
    } while (parts.size() <= EXTENSIONS && isOpen(all.ratio(0, 1)));
    Ratio first = all.ratio(0, 1);
    if (sparse(first) && first.median() < CLEAR) {
      Timing again = PairedTimer.within(budget, time).time(dense.call(), form.call());
      return again.ratio(0, 1).lower90() < first.lower90() ? again : all;
    }
    return all;
  }

  private static boolean isOpen(Ratio r) {
    return !sparse(r) && r.median() > 1;
  }
}
