package dev.filigree.mask;

import dev.filigree.kernel.Workers;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.SparsityCount;
import dev.filigree.plan.WeightPlan;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * One count shared by several matrices, of which one at a time is in memory: exactly floor(units of
 * all * sparsity) units go, those with the lowest scores. Of equal ones those go first whose
 * matrix's name is first in the order of its UTF-8 bytes, then the first in row-major order.
 *
 * <p>N:M has no scope: every matrix is chosen by itself.
 */
public final class GlobalSelection {
  private final WeightPlan plan;
  private final double sparsity;
  private final Map<String, Integer> order;
  private final KeyCut cut; // null where nothing is cut

  /**
   * A matrix to choose from.
   *
   * @param name unique in its run
   * @param rows outputs
   * @param cols inputs
   */
  public record Matrix(String name, int rows, int cols) {}

  private GlobalSelection(
      WeightPlan plan, double sparsity, Map<String, Integer> order, KeyCut cut) {
    this.plan = plan;
    this.sparsity = sparsity;
    this.order = order;
    this.cut = cut;
  }

  /**
   * Finds what goes. The scores of every matrix are asked for once where all have four million
   * units at most, else twice as a rule, and up to five times where scores are close together.
   * Memory is that of one matrix and 75 MB.
   *
   * @param sparsity fraction to remove, 0 to below 1
   * @param matrices to choose from
   * @param scores of a matrix by its name, the same every time
   * @throws FiligreeException FIL-0101 for the sparsity, FIL-0408 where the number of scores is
   *     wrong, FIL-0409 for NaN, FIL-0412 where a name is there twice
   */
  public static GlobalSelection of(
      WeightPlan plan,
      double sparsity,
      List<Matrix> matrices,
      Function<String, ScoredTensor> scores) {
    MaskSelection.checkSparsity(sparsity);
    List<Matrix> sorted =
        matrices.stream()
            .sorted(
                Comparator.comparing(
                    m -> m.name().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned))
            .toList();
    Map<String, Integer> order = new HashMap<>();
    for (Matrix m : sorted) {
      if (order.put(m.name(), order.size()) != null) {
        throw new FiligreeException(Message.FIL_0412, m.name());
      }
    }
    if (plan.pattern() instanceof Pattern.NM) {
      return new GlobalSelection(plan, sparsity, order, null);
    }
    long[] sizes =
        sorted.stream().mapToLong(m -> Units.count(plan.pattern(), m.rows(), m.cols())).toArray();
    long count = SparsityCount.floor(Arrays.stream(sizes).sum(), sparsity);
    KeyCut cut =
        count == 0
            ? null
            : KeyCut.of(i -> units(plan, scores.apply(sorted.get(i).name())), sizes, count);
    return new GlobalSelection(plan, sparsity, order, cut);
  }

  private static double[] units(WeightPlan plan, ScoredTensor tensor) {
    MaskSelection.checkScores(tensor, Workers.shared());
    return Units.of(plan.pattern(), tensor).scores();
  }

  /**
   * The mask of one of the matrices.
   *
   * @param tensor with the scores it had before
   */
  public Mask mask(ScoredTensor tensor) {
    if (plan.pattern() instanceof Pattern.NM) {
      return MaskSelection.select(plan, sparsity, tensor);
    }
    int at = order.get(tensor.name());
    Units units = Units.of(plan.pattern(), tensor);
    boolean[] removed = new boolean[units.scores().length];
    if (cut != null) {
      Lowest.markUpTo(units.scores(), 0, removed.length, cut.key(), cut.tiesBelow(at), removed);
    }
    return units.mask(removed, Workers.shared());
  }
}
