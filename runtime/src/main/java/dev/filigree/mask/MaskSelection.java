package dev.filigree.mask;

import dev.filigree.annotations.Scope;
import dev.filigree.kernel.Workers;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.SparsityCount;
import dev.filigree.plan.WeightPlan;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Chooses which weights of a matrix are removed: exactly floor(n * sparsity) units, those with the
 * lowest scores; of equal scores the first in row-major order is removed first. Linear time, exact.
 *
 * <p>A unit is a weight, a block, a row or a channel; larger units score the sum of the squares of
 * their weights' scores, added in row-major order. Scores may be infinite but not NaN; zeros of
 * both signs are equal.
 */
public final class MaskSelection {
  private static final String UNNAMED = "The layer";
  // Up to this group size counting ranks pair by pair beats selection.
  private static final int PAIRWISE = 16;
  // Choosing among scores costs that many multiply-adds each, more or less.
  private static final long WORK = 8;

  private MaskSelection() {}

  /**
   * The mask of one matrix.
   *
   * @param plan pattern and scope; {@link Scope#GLOBAL} over a single tensor is {@link Scope#LAYER}
   * @param sparsity fraction to remove, 0 to below 1. N:M keeps exactly n of m from the plan's own
   *     sparsity on, and removes floor(m * sparsity) of every group below it
   * @param scores [rows][cols], row-major
   * @throws FiligreeException FIL-0101 for the sparsity, FIL-0202 where m does not divide the
   *     inputs, FIL-0408 where the number of scores is wrong, FIL-0409 for NaN
   */
  public static Mask select(WeightPlan plan, double sparsity, double[] scores, int rows, int cols) {
    return select(plan, sparsity, new ScoredTensor(UNNAMED, rows, cols, scores));
  }

  /** The same; messages carry the tensor's name. */
  public static Mask select(WeightPlan plan, double sparsity, ScoredTensor tensor) {
    return select(plan, sparsity, tensor, Workers.shared());
  }

  /**
   * The same on threads of the caller's choice, which share rows; the mask does not depend on them.
   */
  public static Mask select(
      WeightPlan plan, double sparsity, ScoredTensor tensor, Workers workers) {
    checkSparsity(sparsity);
    checkScores(tensor, workers);
    if (plan.pattern() instanceof Pattern.NM nm) {
      return selectGroups(nm, removedPerGroup(nm, plan, sparsity), tensor, workers);
    }
    Units units = Units.of(plan.pattern(), tensor);
    boolean[] removed = new boolean[units.scores().length];
    if (plan.scope() == Scope.ROW && units.perLine() > 0) {
      int line = units.perLine();
      int count = (int) SparsityCount.floor(line, sparsity);
      workers.run(
          removed.length / line,
          1,
          4,
          WORK * removed.length,
          (first, last) -> {
            Lowest lowest = new Lowest(line);
            for (int i = first; i < last; i++) {
              lowest.mark(units.scores(), i * line, count, removed);
            }
          });
    } else {
      markLowest(units.scores(), removed, SparsityCount.floor(removed.length, sparsity));
    }
    return units.mask(removed, workers);
  }

  /**
   * Masks of several matrices that share one count: floor(units of all tensors * sparsity). N:M has
   * no scope and is chosen tensor by tensor.
   *
   * @param tensors names must differ; ties go by the bytes of the name, then row-major
   * @return one mask per tensor, in the order given
   */
  public static List<Mask> selectGlobal(
      WeightPlan plan, double sparsity, List<ScoredTensor> tensors) {
    Map<String, ScoredTensor> byName = new HashMap<>();
    tensors.forEach(t -> byName.put(t.name(), t));
    GlobalSelection chosen =
        GlobalSelection.of(
            plan,
            sparsity,
            tensors.stream()
                .map(t -> new GlobalSelection.Matrix(t.name(), t.rows(), t.cols()))
                .toList(),
            byName::get);
    return tensors.stream().map(chosen::mask).toList();
  }

  private static int removedPerGroup(Pattern.NM nm, WeightPlan plan, double sparsity) {
    int all = nm.m() - nm.n();
    // (m - n) / m is no exact decimal for m = 3: at the declared sparsity the count is not
    // computed.
    return sparsity >= plan.sparsity()
        ? all
        : (int) Math.min(all, SparsityCount.floor(nm.m(), sparsity));
  }

  private static Mask selectGroups(Pattern.NM nm, int remove, ScoredTensor t, Workers workers) {
    Groups.check(t.name(), t.cols(), nm.m());
    long[] words = Mask.newFullWords(t.rows(), t.cols());
    if (remove > 0) {
      int cols = t.cols();
      // 64 rows fill whole words, so no word is written by two threads.
      workers.run(
          t.rows(),
          Long.SIZE,
          4,
          WORK * t.scores().length,
          (first, last) ->
              clearGroups(t.scores(), first * cols, last * cols, nm.m(), remove, words));
    }
    return Mask.ofWords(t.rows(), t.cols(), words);
  }

  private static void clearGroups(double[] s, int from, int to, int m, int remove, long[] words) {
    if (m == 4) {
      clearGroupsOfFour(s, from, to, remove, words);
    } else if (m <= PAIRWISE) {
      clearSmallGroups(s, from, to, m, remove, words);
    } else {
      clearLargeGroups(s, from, to, m, remove, words);
    }
  }

  // The rank of a score is how many of its group go before it: lower ones, and equal ones to its
  // left.
  private static void clearGroupsOfFour(double[] s, int begin, int end, int remove, long[] words) {
    for (int i = begin; i < end; i += 4) {
      int ba = s[i + 1] < s[i] ? 1 : 0;
      int ca = s[i + 2] < s[i] ? 1 : 0;
      int da = s[i + 3] < s[i] ? 1 : 0;
      int cb = s[i + 2] < s[i + 1] ? 1 : 0;
      int db = s[i + 3] < s[i + 1] ? 1 : 0;
      int dc = s[i + 3] < s[i + 2] ? 1 : 0;
      int rankA = ba + ca + da;
      int rankB = 1 - ba + cb + db;
      int rankC = 2 - ca - cb + dc;
      int rankD = 3 - da - db - dc;
      long bits =
          (rankA < remove ? 8L : 0)
              | (rankB < remove ? 4L : 0)
              | (rankC < remove ? 2L : 0)
              | (rankD < remove ? 1L : 0);
      // 4 divides 64, so a group never spans two words.
      words[i >>> 6] &= ~(bits << (60 - (i & 63)));
    }
  }

  private static void clearSmallGroups(
      double[] s, int begin, int end, int m, int remove, long[] words) {
    int[] rank = new int[m];
    for (int from = begin; from < end; from += m) {
      Arrays.fill(rank, 0);
      for (int i = 1; i < m; i++) {
        for (int j = 0; j < i; j++) {
          int later = s[from + i] < s[from + j] ? 1 : 0;
          rank[j] += later;
          rank[i] += 1 - later;
        }
      }
      for (int i = 0; i < m; i++) {
        if (rank[i] < remove) {
          Mask.clear(words, from + i);
        }
      }
    }
  }

  private static void clearLargeGroups(
      double[] s, int begin, int end, int m, int remove, long[] words) {
    Lowest lowest = new Lowest(m);
    boolean[] removed = new boolean[m];
    double[] group = new double[m];
    for (int from = begin; from < end; from += m) {
      System.arraycopy(s, from, group, 0, m);
      lowest.mark(group, 0, remove, removed);
      for (int i = 0; i < m; i++) {
        if (removed[i]) {
          Mask.clear(words, from + i);
        }
      }
    }
  }

  private static void markLowest(double[] scores, boolean[] removed, long count) {
    if (count > 0) {
      KeyCut cut = KeyCut.of(i -> scores, new long[] {scores.length}, count);
      Lowest.markUpTo(scores, 0, scores.length, cut.key(), cut.below(), removed);
    }
  }

  static void checkSparsity(double s) {
    if (!(s >= 0 && s < 1)) {
      throw new FiligreeException(Message.FIL_0101, s, s >= 1 ? "0.99" : "0.0");
    }
  }

  static void checkScores(ScoredTensor t, Workers workers) {
    double[] s = t.scores();
    Mask.checkSize("scores", s.length, t.rows(), t.cols());
    AtomicBoolean found = new AtomicBoolean();
    workers.run(
        s.length,
        1 << 16,
        1,
        s.length,
        (first, last) -> {
          for (int i = first; i < last; i++) {
            if (Double.isNaN(s[i])) {
              found.set(true);
              return;
            }
          }
        });
    for (int i = 0; found.get() && i < s.length; i++) {
      if (Double.isNaN(s[i])) {
        throw new FiligreeException(Message.FIL_0409, t.name(), i / t.cols(), i % t.cols());
      }
    }
  }
}
