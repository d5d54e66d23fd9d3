package dev.filigree.plan;

/** The shape of what is removed. */
public sealed interface Pattern
    permits Pattern.Unstructured, Pattern.NM, Pattern.Block, Pattern.Row, Pattern.Channel {

  /** Single weights. */
  record Unstructured() implements Pattern {
    @Override
    public String text() {
      return "unstructured";
    }
  }

  /**
   * n kept of every m consecutive inputs of one output.
   *
   * @param n kept, 1 to m
   * @param m group size
   */
  record NM(int n, int m) implements Pattern {
    @Override
    public String text() {
      return n + ":" + m;
    }
  }

  /**
   * Blocks that start at output 0, input 0.
   *
   * @param outputs rows of a block
   * @param inputs columns of a block
   */
  record Block(int outputs, int inputs) implements Pattern {
    @Override
    public String text() {
      return "block:" + outputs + "x" + inputs;
    }
  }

  /** All weights of one output. */
  record Row() implements Pattern {
    @Override
    public String text() {
      return "row";
    }
  }

  /** All weights of one input. */
  record Channel() implements Pattern {
    @Override
    public String text() {
      return "channel";
    }
  }

  /**
   * The pattern as the command line writes it: {@code unstructured}, {@code 2:4}, {@code
   * block:4x1}, {@code row}, {@code channel}.
   */
  String text();
}
