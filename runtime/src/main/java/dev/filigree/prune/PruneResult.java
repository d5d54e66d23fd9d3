package dev.filigree.prune;

import java.util.List;
import java.util.OptionalDouble;

/**
 * What pruning a file did.
 *
 * @param tensors that were pruned, in the byte-wise order of their names
 * @param skipped matrices that stay dense
 * @param warnings to show
 * @param inBytes size of the model's files before
 * @param outBytes size after
 */
public record PruneResult(
    List<Row> tensors, List<Skipped> skipped, List<String> warnings, long inBytes, long outBytes) {

  /**
   * A pruned tensor.
   *
   * @param kept weights the mask keeps
   * @param sparsity 1 - kept / (rows * cols)
   * @param maskSha256 digest of the mask
   * @param zeros share of zeros, where a kept weight is zero, so that it differs from the sparsity
   * @param reconError ||X (W - W')^T||_F^2 on the calibration inputs, W' as it was written
   */
  public record Row(
      String name,
      int rows,
      int cols,
      long kept,
      double sparsity,
      String maskSha256,
      OptionalDouble zeros,
      OptionalDouble reconError) {}

  /** A matrix that stays dense, and why. */
  public record Skipped(String name, String reason) {}

  /** Weights of all pruned tensors. */
  public long weights() {
    return tensors.stream().mapToLong(r -> (long) r.rows() * r.cols()).sum();
  }

  /** Kept weights of all pruned tensors. */
  public long kept() {
    return tensors.stream().mapToLong(Row::kept).sum();
  }
}
