package dev.filigree.cli.bench;

import dev.filigree.kernel.ValueType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.SparsityCount;
import dev.filigree.plan.WeightPlan;
import java.util.List;
import java.util.Optional;

/**
 * The layer to measure and how.
 *
 * @param op what is computed
 * @param rows outputs, of a gated feed-forward hidden units, at least 1
 * @param cols inputs, at least 1
 * @param batch activation rows of one call, at least 1
 * @param pattern as the command line wrote it
 * @param plan what is removed from the weights; empty for dense ones
 * @param activationSparsity share of exact zeros in every input vector, 0 to below 1; of a gated
 *     feed-forward the share of gates that are not above the threshold
 * @param formats what the packed side may be, one or more
 * @param values how the packed side stores its weights
 * @param cold whether weights come from memory rather than from the cache
 * @param seed of weights, masks and inputs
 */
public record LayerSpec(
    Op op,
    int rows,
    int cols,
    int batch,
    String pattern,
    Optional<WeightPlan> plan,
    double activationSparsity,
    List<PackedFormat> formats,
    ValueType values,
    boolean cold,
    long seed) {

  /** Arrays are direct buffers, which end at 2 GiB. */
  private static final long MOST_BYTES = Integer.MAX_VALUE - 1024L;

  /**
   * What the command line says.
   *
   * @param sparsity null where it was not given
   * @param format a packed format or {@code auto}
   * @param values a {@link ValueType}
   * @param workingSet cold or hot
   */
  public record Arguments(
      String op,
      int rows,
      int cols,
      int batch,
      String pattern,
      Double sparsity,
      double activationSparsity,
      String format,
      String values,
      String workingSet,
      long seed) {}

  /**
   * From what the command line says.
   *
   * @throws FiligreeException FIL-0604, FIL-0611, FIL-0612, FIL-0102, FIL-0104, FIL-0202 or
   *     FIL-0312 for what is not legal
   */
  public static LayerSpec of(Arguments a) {
    Op op = Op.of(a.op);
    atLeastOne("--rows", a.rows);
    atLeastOne("--cols", a.cols);
    atLeastOne("--batch", a.batch);
    int matrices = op == Op.LINEAR ? 1 : 3;
    if (4L * matrices * a.rows * a.cols > MOST_BYTES) {
      throw new FiligreeException(Message.FIL_0312, (long) matrices * a.rows, a.cols);
    }
    long widest = Math.max((long) matrices * a.rows, a.cols);
    if (4L * a.batch * widest > MOST_BYTES) {
      throw new FiligreeException(Message.FIL_0312, a.batch, widest);
    }
    PatternArgument.checkShare("--activation-sparsity", a.activationSparsity);
    Optional<WeightPlan> plan = PatternArgument.plan(a.pattern, a.sparsity, a.cols);
    ValueType values =
        ValueType.of(a.values)
            .orElseThrow(
                () ->
                    new FiligreeException(
                        Message.FIL_0604,
                        "--values",
                        a.values,
                        String.join(", ", ValueType.labels())));
    List<PackedFormat> formats =
        op == Op.GATED_FFN && a.activationSparsity > 0
            ? PackedFormat.gated(a.format)
            : PackedFormat.candidates(a.format, a.pattern, plan, a.activationSparsity > 0, values);
    if (!a.workingSet.equals("cold") && !a.workingSet.equals("hot")) {
      throw new FiligreeException(Message.FIL_0604, "--working-set", a.workingSet, "cold or hot");
    }
    return new LayerSpec(
        op,
        a.rows,
        a.cols,
        a.batch,
        a.pattern,
        plan,
        a.activationSparsity,
        formats,
        values,
        a.workingSet.equals("cold"),
        a.seed);
  }

  private static void atLeastOne(String option, int value) {
    if (value < 1) {
      throw new FiligreeException(Message.FIL_0604, option, value, "whole numbers of at least 1");
    }
  }

  /** The weight matrices of the operation. */
  List<MatrixShape> matrices() {
    return op.matrices(rows, cols);
  }

  /** Weights of all matrices, kept or not. */
  long weights() {
    return matrices().stream().mapToLong(MatrixShape::weights).sum();
  }

  /** Bytes of the dense float32 weights. */
  public long denseBytes() {
    return 4 * weights();
  }

  /** Fraction of the weights removed. */
  public double sparsity() {
    return plan.map(WeightPlan::sparsity).orElse(0.0);
  }

  /** How many inputs of every vector are exactly zero. */
  public int zeroInputs() {
    return op == Op.GATED_FFN ? 0 : (int) SparsityCount.floor(cols, activationSparsity);
  }

  /** Whether hidden units with a small gate are skipped. */
  public boolean gated() {
    return op == Op.GATED_FFN && activationSparsity > 0;
  }

  /** {@code cold} or {@code hot}. */
  public String workingSet() {
    return cold ? "cold" : "hot";
  }
}
