package dev.filigree.cli.bench;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.SparsityCount;
import dev.filigree.plan.WeightPlan;
import java.util.List;
import java.util.Optional;

/**
 * The layer to measure and how.
 *
 * @param rows outputs, at least 1
 * @param cols inputs, at least 1
 * @param batch activation rows of one call, at least 1
 * @param pattern as the command line wrote it
 * @param plan what is removed from the weights; empty for dense ones
 * @param activationSparsity share of exact zeros in every input vector, 0 to below 1
 * @param formats what the packed side may be, one or more
 * @param cold whether weights come from memory rather than from the cache
 * @param seed of weights, masks and inputs
 */
public record LayerSpec(
    int rows,
    int cols,
    int batch,
    String pattern,
    Optional<WeightPlan> plan,
    double activationSparsity,
    List<PackedFormat> formats,
    boolean cold,
    long seed) {

  /** Arrays are direct buffers, which end at 2 GiB. */
  private static final long MOST_BYTES = Integer.MAX_VALUE - 1024L;

  /**
   * From what the command line says.
   *
   * @param sparsity null where it was not given
   * @param format a packed format or {@code auto}
   * @param workingSet cold or hot
   * @throws FiligreeException FIL-0604, FIL-0611, FIL-0612, FIL-0102, FIL-0104, FIL-0202 or
   *     FIL-0312 for what is not legal
   */
  public static LayerSpec of(
      int rows,
      int cols,
      int batch,
      String pattern,
      Double sparsity,
      double activationSparsity,
      String format,
      String workingSet,
      long seed) {
    atLeastOne("--rows", rows);
    atLeastOne("--cols", cols);
    atLeastOne("--batch", batch);
    if (4L * rows * cols > MOST_BYTES) {
      throw new FiligreeException(Message.FIL_0312, rows, cols);
    }
    if (4L * batch * Math.max(rows, cols) > MOST_BYTES) {
      throw new FiligreeException(Message.FIL_0312, batch, Math.max(rows, cols));
    }
    PatternArgument.checkShare("--activation-sparsity", activationSparsity);
    Optional<WeightPlan> plan = PatternArgument.plan(pattern, sparsity, cols);
    List<PackedFormat> formats =
        PackedFormat.candidates(format, pattern, plan, activationSparsity > 0);
    if (!workingSet.equals("cold") && !workingSet.equals("hot")) {
      throw new FiligreeException(Message.FIL_0604, "--working-set", workingSet, "cold or hot");
    }
    return new LayerSpec(
        rows,
        cols,
        batch,
        pattern,
        plan,
        activationSparsity,
        formats,
        workingSet.equals("cold"),
        seed);
  }

  private static void atLeastOne(String option, int value) {
    if (value < 1) {
      throw new FiligreeException(Message.FIL_0604, option, value, "whole numbers of at least 1");
    }
  }

  /** Bytes of the dense float32 weights. */
  public long denseBytes() {
    return 4L * rows * cols;
  }

  /** Fraction of the weights removed. */
  public double sparsity() {
    return plan.map(WeightPlan::sparsity).orElse(0.0);
  }

  /** How many inputs of every vector are exactly zero. */
  public int zeroInputs() {
    return (int) SparsityCount.floor(cols, activationSparsity);
  }

  /** {@code cold} or {@code hot}. */
  public String workingSet() {
    return cold ? "cold" : "hot";
  }
}
