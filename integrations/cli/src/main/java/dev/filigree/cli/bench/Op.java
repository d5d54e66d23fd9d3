package dev.filigree.cli.bench;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What is computed. */
public enum Op {
  /** y = x W^T. */
  LINEAR,
  /** y = Wdown (SiLU(Wgate x) * (Wup x)): rows are hidden units; as many outputs as inputs. */
  GATED_FFN,
  /** Three projections of the same input: queries, keys and values of attention. */
  QKV;

  /** The name on the command line and in results. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * The operation of that name.
   *
   * @throws FiligreeException FIL-0604 where there is none
   */
  public static Op of(String label) {
    return Arrays.stream(values())
        .filter(op -> op.label().equals(label))
        .findFirst()
        .orElseThrow(() -> new FiligreeException(Message.FIL_0604, "--op", label, labels()));
  }

  private static String labels() {
    return Arrays.stream(values()).map(Op::label).collect(Collectors.joining(", "));
  }

  /** The weight matrices, in the order in which they are made. */
  List<MatrixShape> matrices(int rows, int cols) {
    return switch (this) {
      case LINEAR -> List.of(new MatrixShape(rows, cols));
      case GATED_FFN ->
          List.of(
              new MatrixShape(rows, cols),
              new MatrixShape(rows, cols),
              new MatrixShape(cols, rows));
      case QKV ->
          List.of(
              new MatrixShape(rows, cols),
              new MatrixShape(rows, cols),
              new MatrixShape(rows, cols));
    };
  }
}
