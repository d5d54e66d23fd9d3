package dev.filigree.plan;

import java.util.Optional;
import java.util.regex.Matcher;

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

  /**
   * The pattern with that {@link #text()}; empty where there is none. Sizes are read as they are:
   * whether {@code 5:4} or {@code block:0x1} makes sense is for the rules to say.
   */
  static Optional<Pattern> of(String text) {
    for (Pattern whole : new Pattern[] {new Unstructured(), new Row(), new Channel()}) {
      if (whole.text().equals(text)) {
        return Optional.of(whole);
      }
    }
    Matcher groups = java.util.regex.Pattern.compile("(\\d{1,9}):(\\d{1,9})").matcher(text);
    if (groups.matches()) {
      return Optional.of(
          new NM(Integer.parseInt(groups.group(1)), Integer.parseInt(groups.group(2))));
    }
    Matcher blocks = java.util.regex.Pattern.compile("block:(\\d{1,9})x(\\d{1,9})").matcher(text);
    if (blocks.matches()) {
      return Optional.of(
          new Block(Integer.parseInt(blocks.group(1)), Integer.parseInt(blocks.group(2))));
    }
    return Optional.empty();
  }
}
