package dev.filigree.benchmarks.rivals;

import dev.filigree.report.PlainText;
import dev.filigree.report.Report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/** The table of all turns. */
final class RivalTable {
  private RivalTable() {}

  /**
   * The table with what it means.
   *
   * @param turns of every contestant, by round; Filigree in f32 is among them
   * @param settings in words
   * @param prompt ids of the prompt
   */
  static String text(Map<Entry, List<Turn>> turns, String settings, int prompt) {
    List<Turn> base = turns.get(Entry.FILIGREE_F32);
    List<List<String>> rows = new ArrayList<>();
    turns.forEach(
        (entry, own) -> {
          int n = own.size();
          int[] same = {same(own.get(0).ids(), base.get(0).ids()), own.get(0).ids().length};
          long peak = own.stream().mapToLong(Turn::peakBytes).max().orElse(-1);
          Double loss = own.get(0).loss();
          rows.add(
              List.of(
                  entry.library(),
                  entry.precision(),
                  spread(n, r -> speed(own.get(r)), 1),
                  spread(n, r -> speed(own.get(r)) / speed(base.get(r)), 2),
                  number(median(n, r -> prompt / own.get(r).promptSeconds()), 0),
                  peak < 0 ? "-" : number(peak / 1048576.0, 0),
                  loss == null ? "not given" : number(loss, 4),
                  same[0] == same[1] ? "all " + same[1] : "first " + same[0]));
        });
    Table table =
        new Table(
            List.of(
                "",
                "weights",
                "tokens/s",
                "to Filigree f32",
                "prompt/s",
                "MiB",
                "loss",
                "same ids"),
            rows);
    return settings + "\n\n" + PlainText.table(table);
  }

  private static double speed(Turn turn) {
    return (turn.ids().length - 1) / turn.decodeSeconds();
  }

  /** How many ids from the start are the same. */
  private static int same(int[] a, int[] b) {
    return (int) IntStream.range(0, a.length).takeWhile(i -> a[i] == b[i]).count();
  }

  /** Median, smallest and largest over the rounds. */
  private static String spread(int n, IntToDoubleFunction value, int digits) {
    double[] sorted = IntStream.range(0, n).mapToDouble(value).sorted().toArray();
    return "%s (%s to %s)"
        .formatted(
            number(median(n, value), digits),
            number(sorted[0], digits),
            number(sorted[n - 1], digits));
  }

  private static double median(int n, IntToDoubleFunction value) {
    double[] sorted = IntStream.range(0, n).mapToDouble(value).sorted().toArray();
    return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  }

  private static String number(double value, int digits) {
    return String.format(Locale.ROOT, "%." + digits + "f", value);
  }
}
