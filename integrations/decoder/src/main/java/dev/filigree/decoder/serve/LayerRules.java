package dev.filigree.decoder.serve;

import dev.filigree.calibrate.ActiveInputs;
import dev.filigree.calibrate.CoreNeurons;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.Projection;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.InputRule;
import dev.filigree.plan.SparsityCount;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * The rules by which a block skips activations, with counts of what they kept. For one thread.
 *
 * <p>Projections that skip alike have the same rule object, which is then asked once.
 */
public final class LayerRules {
  /** A rule that counts for the projections that share it. */
  final class Counting implements InputRule {
    private final InputRule rule;
    private final Projection[] projections;

    Counting(InputRule rule, Projection... projections) {
      this.rule = rule;
      this.projections = projections;
    }

    @Override
    public int keep(FloatBuffer x, int offset, int n, int[] active) {
      int kept = rule.keep(x, offset, n, active);
      for (Projection p : projections) {
        counts.add(layer, p, n, kept);
      }
      return kept;
    }
  }

  private final InputRule[] rules;
  private final ActivationCounts counts;
  private final int layer;
  // By hidden unit, or one for all; null where units are not skipped by their gate.
  private final float[] gates;
  // By projection; null where skipped inputs leave nothing behind.
  private final RemainderRule[] remainders = new RemainderRule[Projection.values().length];
  // Null where hidden units are not chosen from a prompt.
  private final PromptUnits prompt;

  private LayerRules(
      InputRule[] rules, ActivationCounts counts, int layer, float[] gates, PromptUnits prompt) {
    this.rules = rules;
    this.layer = layer;
    this.counts = counts;
    this.gates = gates;
    this.prompt = prompt;
  }

  /**
   * The rules of one block.
   *
   * @param norms as {@link PackedLayer#norms}, for WINA
   * @param values type of stored weights, which the factors of R-Sparse get as well
   * @param chooser working memory, shared by the blocks of a session
   */
  public static LayerRules of(
      DecoderConfig config,
      ActivationSetting setting,
      int layer,
      double[][] norms,
      ValueType values,
      ActiveInputs chooser,
      ActivationCounts counts) {
    float[] thresholds = setting.thresholds() == null ? null : setting.thresholds()[layer];
    InputRule[] rules = new InputRule[Projection.values().length];
    float[] gates =
        switch (setting.method()) {
          case CATS -> thresholds;
          case CHESS -> Arrays.copyOfRange(thresholds, ActivationSetting.UNITS, thresholds.length);
          case NONE, TEAL, TEAL_GREEDY, WINA, WINA_THRESHOLD, R_SPARSE, COREINFER, TOPK -> null;
          case RELU -> thresholds == null ? new float[] {0} : thresholds;
          case DECLARED ->
              setting.blocks().get(layer).skipsUnits() ? setting.blocks().get(layer).gates() : null;
        };
    PromptUnits prompt =
        setting.method().needsPrompt()
            ? new PromptUnits(new CoreNeurons(config.hidden()), removed(config, setting))
            : null;
    LayerRules out = new LayerRules(rules, counts, layer, gates, prompt);
    switch (setting.method()) {
      case NONE, CATS, COREINFER, RELU -> {}
      case DECLARED -> {
        for (Projection.Site site : Projection.Site.values()) {
          out.declare(config, setting.blocks().get(layer), site, norms, chooser);
        }
      }
      case CHESS -> {
        out.above(Projection.Q, thresholds[ActivationSetting.QUERY]);
        out.above(Projection.O, thresholds[ActivationSetting.OUTPUT]);
      }
      case R_SPARSE -> {
        for (Projection p : Projection.values()) {
          RemainderRule own =
              new RemainderRule(
                  setting.remainders()[layer][p.index()],
                  thresholds[p.index()],
                  values,
                  LayerForward.MOST_ROWS);
          out.remainders[p.index()] = own;
          rules[p.index()] = out.new Counting(own, p);
        }
      }
      case TEAL, WINA_THRESHOLD, TOPK -> {
        for (Projection.Site site : Projection.Site.values()) {
          Projection[] all = site.projections();
          InputRule shared =
              out.new Counting(rule(config, setting, all[0], thresholds, norms, chooser), all);
          for (Projection p : all) {
            rules[p.index()] = shared;
          }
        }
      }
      case TEAL_GREEDY, WINA -> {
        for (Projection p : Projection.values()) {
          rules[p.index()] =
              out.new Counting(rule(config, setting, p, thresholds, norms, chooser), p);
        }
      }
    }
    return out;
  }

  private static int removed(DecoderConfig config, ActivationSetting setting) {
    return (int) SparsityCount.floor(config.hidden(), setting.sparsity());
  }

  private void above(Projection p, float t) {
    rules[p.index()] = new Counting(above(t), p);
  }

  /** The rules of projections of the same input; those that all choose alike are one. */
  private void declare(
      DecoderConfig config,
      BlockActivation block,
      Projection.Site site,
      double[][] norms,
      ActiveInputs chooser) {
    Projection[] all = site.projections();
    InputChoice first = block.inputs(all[0]);
    boolean alike =
        first.kind() != InputChoice.Kind.WINA
            && Arrays.stream(all).allMatch(p -> block.inputs(p).equals(first));
    Counting shared =
        alike && first.skips()
            ? new Counting(rule(config, first, all[0], norms, chooser), all)
            : null;
    for (Projection p : all) {
      InputChoice own = block.inputs(p);
      if (own.skips()) {
        rules[p.index()] =
            shared != null ? shared : new Counting(rule(config, own, p, norms, chooser), p);
      }
    }
  }

  private static InputRule rule(
      DecoderConfig config,
      InputChoice choice,
      Projection p,
      double[][] norms,
      ActiveInputs chooser) {
    int remove = (int) SparsityCount.floor(p.cols(config), choice.sparsity());
    return switch (choice.kind()) {
      case ABOVE -> above(choice.threshold());
      case TOPK -> (x, offset, n, active) -> chooser.topK(x, offset, n, remove, active);
      case WINA -> {
        double[] own = norms[p.index()];
        yield (x, offset, n, active) -> chooser.wina(x, offset, n, own, remove, active);
      }
      case ALL -> throw new IllegalStateException("no rule");
    };
  }

  private static InputRule above(float t) {
    return (x, offset, n, active) -> ActiveInputs.above(x, offset, n, t, active);
  }

  private static InputRule rule(
      DecoderConfig config,
      ActivationSetting setting,
      Projection p,
      float[] thresholds,
      double[][] norms,
      ActiveInputs chooser) {
    int remove = (int) SparsityCount.floor(p.cols(config), setting.sparsity());
    return switch (setting.method()) {
      case TEAL, TEAL_GREEDY -> above(thresholds[p.index()]);
      case TOPK -> (x, offset, n, active) -> chooser.topK(x, offset, n, remove, active);
      case WINA -> {
        double[] own = norms[p.index()];
        yield (x, offset, n, active) -> chooser.wina(x, offset, n, own, remove, active);
      }
      case WINA_THRESHOLD -> {
        float[] own = ActivationSetting.ofSite(thresholds, p.site(), config);
        yield (x, offset, n, active) -> ActiveInputs.above(x, offset, own, active);
      }
      case NONE, CATS, CHESS, R_SPARSE, COREINFER, RELU, DECLARED ->
          throw new IllegalStateException("no rule");
    };
  }

  /** The rule of a projection's inputs, or null where all are used. */
  InputRule rule(Projection p) {
    return rules[p.index()];
  }

  /** Whether some projection of that input skips a part of it. */
  boolean skipsAt(Projection.Site site) {
    return Arrays.stream(site.projections()).anyMatch(p -> rules[p.index()] != null);
  }

  /** Whether skipped inputs take part by a remainder. */
  boolean hasRemainders() {
    return remainders[0] != null;
  }

  /**
   * Adds the remainder of a projection to its outputs, for the rows that its rule has chosen for
   * since the last time; nothing where there is none.
   *
   * @param y float32, one row every {@code width}
   * @param first the first output of the projection in a row
   */
  void addRemainder(Projection p, ByteBuffer y, int first, int width) {
    if (remainders[p.index()] != null) {
      remainders[p.index()].add(y, first, width);
    }
  }

  /** Whether nothing of the feed-forward block is skipped. */
  boolean leavesFeedForward() {
    return gates == null
        && prompt == null
        && !skipsAt(Projection.Site.FEED_FORWARD)
        && !skipsAt(Projection.Site.HIDDEN);
  }

  /** Whether hidden units are skipped by their gate. */
  boolean skipsUnits() {
    return gates != null;
  }

  /** The thresholds of the gate by hidden unit, or one for all. */
  float[] gates() {
    return gates;
  }

  /** The hidden units that a prompt chooses, or null where none does. */
  PromptUnits prompt() {
    return prompt;
  }

  /** Counts hidden units that were kept. */
  void countUnits(long units, long kept) {
    counts.add(layer, Projection.DOWN, units, kept);
  }
}
