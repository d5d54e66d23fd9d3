package dev.filigree.allocate;

import dev.filigree.annotations.Scope;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.SparsityCount;
import java.util.List;

/**
 * A layer whose share can be chosen, in the steps that its pattern and scope allow.
 *
 * @param name unique in its run
 * @param shape of the weight, outputs first, then inputs, then kernel sizes
 * @param units how many equal steps the layer has; at most {@code units - 1} can be removed
 * @param perUnit what one step removes: weights, or blocks for patterns that count them
 */
public record LayerUnits(String name, List<Integer> shape, long units, long perUnit) {

  /** Checks the ranges. */
  public LayerUnits {
    shape = List.copyOf(shape);
    if (shape.size() < 2 || shape.stream().anyMatch(d -> d < 1) || units < 1 || perUnit < 1) {
      throw new IllegalArgumentException(name + ": " + shape + ", " + units + " x " + perUnit);
    }
  }

  /**
   * The steps of a matrix [rows][cols]: one weight where the whole layer is counted, one weight of
   * every row for scope {@code ROW}, one of every group for N:M, one block for blocks, one row or
   * channel for these.
   *
   * @throws FiligreeException FIL-0360 for blocks counted by row, which have no common step
   */
  public static LayerUnits of(
      String name, List<Integer> shape, int rows, int cols, Pattern pattern, Scope scope) {
    long weights = (long) rows * cols;
    if (pattern instanceof Pattern.NM nm) {
      return new LayerUnits(name, shape, nm.m(), weights / nm.m());
    }
    if (pattern instanceof Pattern.Unstructured) {
      return scope == Scope.ROW
          ? new LayerUnits(name, shape, cols, rows)
          : new LayerUnits(name, shape, weights, 1);
    }
    if (scope == Scope.ROW) {
      throw new FiligreeException(Message.FIL_0360, pattern.text() + " counted by row");
    }
    if (pattern instanceof Pattern.Block b) {
      long blocks = (long) ((rows - 1) / b.outputs() + 1) * ((cols - 1) / b.inputs() + 1);
      return new LayerUnits(name, shape, blocks, 1);
    }
    return new LayerUnits(name, shape, pattern instanceof Pattern.Row ? rows : cols, 1);
  }

  /** All there is, in the unit that is counted. */
  public long size() {
    return Math.multiplyExact(units, perUnit);
  }

  /** The most that can be removed; something always stays. */
  public long most() {
    return (units - 1) * perUnit;
  }

  /**
   * The smallest sparsity at which exactly that many steps are removed by the counting rule
   * floor(units * sparsity).
   */
  public double sparsity(long removedUnits) {
    if (removedUnits < 0 || removedUnits >= units) {
      throw new IllegalArgumentException(removedUnits + " of " + units);
    }
    double s = removedUnits / (double) units;
    while (SparsityCount.floor(units, s) < removedUnits) {
      s = Math.nextUp(s);
    }
    return s;
  }
}
