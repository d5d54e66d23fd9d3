package dev.filigree.cli.bench;

import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;
import dev.filigree.mask.Groups;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.SchedulePlan;
import dev.filigree.plan.WeightPlan;
import java.util.Optional;
import java.util.regex.Matcher;

/** Reads {@code --pattern} and {@code --sparsity}. */
final class PatternArgument {
  static final String DENSE = "dense";
  private static final java.util.regex.Pattern GROUPS =
      java.util.regex.Pattern.compile("(\\d{1,9}):(\\d{1,9})");
  private static final java.util.regex.Pattern BLOCKS =
      java.util.regex.Pattern.compile("block:(\\d{1,9})x(\\d{1,9})");

  private PatternArgument() {}

  /**
   * What to remove, by magnitude; empty for {@code dense}. Blocks are counted over the layer, all
   * else by row.
   *
   * @param sparsity null where it was not given
   */
  static Optional<WeightPlan> plan(String text, Double sparsity, int cols) {
    if (sparsity != null) {
      checkShare("--sparsity", sparsity);
    }
    if (text.equals(DENSE)) {
      if (sparsity != null && sparsity != 0) {
        throw new FiligreeException(
            Message.FIL_0604, "--sparsity", sparsity, "0 or none with --pattern dense");
      }
      return Optional.empty();
    }
    if (text.equals("unstructured")) {
      return Optional.of(WeightPlan.unstructured(required(text, sparsity)));
    }
    Matcher groups = GROUPS.matcher(text);
    if (groups.matches()) {
      return Optional.of(
          groups(
              text,
              Integer.parseInt(groups.group(1)),
              Integer.parseInt(groups.group(2)),
              sparsity,
              cols));
    }
    Matcher blocks = BLOCKS.matcher(text);
    if (blocks.matches()) {
      return Optional.of(
          blocks(
              text,
              Integer.parseInt(blocks.group(1)),
              Integer.parseInt(blocks.group(2)),
              required(text, sparsity)));
    }
    throw new FiligreeException(
        Message.FIL_0604, "--pattern", text, "unstructured, N:M, block:RxC or dense");
  }

  private static WeightPlan groups(String text, int n, int m, Double sparsity, int cols) {
    if (m < 1) {
      throw new FiligreeException(Message.FIL_0104, m, 4);
    }
    if (n < 1 || n > m) {
      throw new FiligreeException(Message.FIL_0102, n, m, n < 1 ? 1 : m);
    }
    Groups.check("--pattern " + text, cols, m);
    WeightPlan plan = WeightPlan.nm(n, m);
    // Thirds have no exact decimal.
    if (sparsity != null && Math.abs(sparsity - plan.sparsity()) > 0.01) {
      throw new FiligreeException(
          Message.FIL_0604,
          "--sparsity",
          sparsity,
          "none with --pattern " + text + ", which says it");
    }
    return plan;
  }

  private static WeightPlan blocks(String text, int outputs, int inputs, double sparsity) {
    if (outputs < 1 || inputs < 1) {
      throw new FiligreeException(
          Message.FIL_0604, "--pattern", text, "blocks of at least 1x1, for example block:4x1");
    }
    return new WeightPlan(
        new Pattern.Block(outputs, inputs),
        sparsity,
        Criterion.MAGNITUDE,
        Scope.LAYER,
        Training.HARD,
        0,
        SchedulePlan.oneShot());
  }

  private static double required(String pattern, Double sparsity) {
    if (sparsity == null) {
      throw new FiligreeException(Message.FIL_0611, pattern);
    }
    return sparsity;
  }

  /** A share of something removed: 0 to below 1. */
  static void checkShare(String option, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new FiligreeException(Message.FIL_0604, option, value, "at least 0 and below 1");
    }
  }
}
