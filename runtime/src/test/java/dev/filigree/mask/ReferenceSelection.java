package dev.filigree.mask;

import dev.filigree.annotations.Scope;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.WeightPlan;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** The counting rules in their plainest form: stable sorts of boxed units. */
final class ReferenceSelection {
  private ReferenceSelection() {}

  private record Unit(int tensor, double score, List<int[]> weights) {}

  static boolean[][] select(WeightPlan plan, double s, ScoredTensor t) {
    if (plan.pattern() instanceof Pattern.NM nm) {
      int remove =
          s >= plan.sparsity()
              ? nm.m() - nm.n()
              : Math.min(nm.m() - nm.n(), (int) floor(nm.m(), s));
      boolean[][] kept = full(t);
      for (int r = 0; r < t.rows(); r++) {
        for (int g = 0; g < t.cols(); g += nm.m()) {
          List<Unit> group = new ArrayList<>();
          for (int c = g; c < g + nm.m(); c++) {
            group.add(new Unit(0, t.scores()[r * t.cols() + c], List.of(new int[] {r, c})));
          }
          remove(group, remove, List.<boolean[][]>of(kept));
        }
      }
      return kept;
    }
    if (plan.scope() != Scope.ROW) {
      return selectGlobal(plan, s, List.of(t)).get(0);
    }
    boolean[][] kept = full(t);
    for (List<Unit> line : lines(plan.pattern(), t, 0)) {
      remove(line, floor(line.size(), s), List.<boolean[][]>of(kept));
    }
    return kept;
  }

  static List<boolean[][]> selectGlobal(WeightPlan plan, double s, List<ScoredTensor> tensors) {
    List<boolean[][]> kept = tensors.stream().map(ReferenceSelection::full).toList();
    List<Integer> order =
        IntStream.range(0, tensors.size())
            .boxed()
            .sorted(
                Comparator.comparing(
                    i -> tensors.get(i).name().getBytes(StandardCharsets.UTF_8),
                    Arrays::compareUnsigned))
            .toList();
    List<Unit> all = new ArrayList<>();
    for (int i : order) {
      lines(plan.pattern(), tensors.get(i), i).forEach(all::addAll);
    }
    remove(all, floor(all.size(), s), kept);
    return kept;
  }

  private static List<List<Unit>> lines(Pattern pattern, ScoredTensor t, int index) {
    int height = 1;
    int width = 1;
    if (pattern instanceof Pattern.Block b) {
      height = b.outputs();
      width = b.inputs();
    } else if (pattern instanceof Pattern.Row) {
      width = t.cols();
    } else if (pattern instanceof Pattern.Channel) {
      height = t.rows();
    }
    List<List<Unit>> lines = new ArrayList<>();
    for (int r0 = 0; r0 < t.rows(); r0 += height) {
      List<Unit> line = new ArrayList<>();
      for (int c0 = 0; c0 < t.cols(); c0 += width) {
        List<int[]> weights = new ArrayList<>();
        double sum = 0;
        for (int r = r0; r < Math.min(t.rows(), r0 + height); r++) {
          for (int c = c0; c < Math.min(t.cols(), c0 + width); c++) {
            double score = t.scores()[r * t.cols() + c];
            sum += score * score;
            weights.add(new int[] {r, c});
          }
        }
        boolean single = pattern instanceof Pattern.Unstructured;
        line.add(new Unit(index, single ? t.scores()[r0 * t.cols() + c0] : sum, weights));
      }
      lines.add(line);
    }
    return lines;
  }

  private static void remove(List<Unit> units, long count, List<boolean[][]> kept) {
    List<Unit> sorted = new ArrayList<>(units);
    sorted.sort((a, b) -> a.score() < b.score() ? -1 : a.score() > b.score() ? 1 : 0);
    for (Unit unit : sorted.subList(0, (int) count)) {
      unit.weights().forEach(w -> kept.get(unit.tensor())[w[0]][w[1]] = false);
    }
  }

  private static boolean[][] full(ScoredTensor t) {
    boolean[][] kept = new boolean[t.rows()][t.cols()];
    for (boolean[] row : kept) {
      Arrays.fill(row, true);
    }
    return kept;
  }

  private static long floor(int n, double s) {
    return BigDecimal.valueOf(s)
        .multiply(BigDecimal.valueOf(n))
        .setScale(0, RoundingMode.FLOOR)
        .longValueExact();
  }
}
