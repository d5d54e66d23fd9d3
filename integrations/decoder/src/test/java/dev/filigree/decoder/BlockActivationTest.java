package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.BlockActivation;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.InputChoice;
import dev.filigree.decoder.serve.InputChoice.Kind;
import dev.filigree.decoder.serve.LayerSparsity;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.serve.SessionSettings.Scope;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.SparsityCount;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Blocks that skip what they say for themselves, against the definition. */
class BlockActivationTest {
  private static final DecoderWeights MODEL = RandomModel.of("tiny", 21);
  private static final DecoderConfig CONFIG = MODEL.config();
  private static final int TOKENS = 7;

  /** What blocks say, by its definition, with counts. */
  private static final class Defined implements PlainDecoder.Skipping {
    private final List<BlockActivation> blocks;
    private final long[] seen = new long[CONFIG.layers()];
    private final long[] kept = new long[CONFIG.layers()];

    Defined(List<BlockActivation> blocks) {
      this.blocks = blocks;
    }

    @Override
    public double[] inputs(int layer, Projection p, double[] x) {
      InputChoice choice = blocks.get(layer).inputs(p);
      if (!choice.skips()) {
        return x;
      }
      double[] score = Arrays.stream(x).map(Math::abs).toArray();
      if (choice.kind() == Kind.WINA) {
        double[] norms = norms(layer, p);
        Arrays.setAll(score, i -> score[i] * norms[i]);
      }
      List<Integer> removed =
          choice.kind() == Kind.ABOVE
              ? IntStream.range(0, x.length)
                  .filter(i -> score[i] <= choice.threshold())
                  .boxed()
                  .toList()
              : IntStream.range(0, x.length)
                  .boxed()
                  .sorted(Comparator.comparingDouble(i -> score[i]))
                  .limit(SparsityCount.floor(x.length, choice.sparsity()))
                  .toList();
      removed.forEach(i -> x[i] = 0);
      seen[layer] += x.length;
      kept[layer] += x.length - removed.size();
      return x;
    }

    @Override
    public double[] gates(int layer, double[] g) {
      float[] t = blocks.get(layer).gates();
      for (int i = 0; t.length > 0 && i < g.length; i++) {
        boolean keeps = Math.abs(g[i]) > t[t.length == 1 ? 0 : i];
        kept[layer] += keeps ? 1 : 0;
        g[i] = keeps ? g[i] : 0;
      }
      seen[layer] += t.length == 0 ? 0 : g.length;
      return g;
    }

    private static double[] norms(int layer, Projection p) {
      FloatBuffer w = MODEL.floats(p.weight(layer)).asFloatBuffer();
      double[] norms = new double[p.cols(CONFIG)];
      for (int i = 0; i < w.limit(); i++) {
        norms[i % norms.length] += (double) w.get(i) * w.get(i);
      }
      return Arrays.stream(norms).map(Math::sqrt).toArray();
    }
  }

  private static InputChoice choice(SplittableRandom random, Projection p) {
    double share = random.nextInt(1, 8) / 10.0;
    boolean normed =
        p.site() == Projection.Site.ATTENTION || p.site() == Projection.Site.FEED_FORWARD;
    return switch (random.nextInt(4)) {
      case 0 -> InputChoice.ALL;
      case 1 -> new InputChoice(Kind.TOPK, share, 0);
      case 2 -> new InputChoice(Kind.WINA, share, 0);
      default ->
          new InputChoice(Kind.ABOVE, share, (float) (random.nextDouble() * (normed ? 0.6 : 0.01)));
    };
  }

  /**
   * Every block draws what it skips.
   *
   * @param units whether hidden units go by their gate, else inputs of the feed-forward block
   */
  private static List<BlockActivation> blocks(SplittableRandom random, boolean units) {
    List<BlockActivation> blocks = new ArrayList<>();
    for (int l = 0; l < CONFIG.layers(); l++) {
      if (random.nextInt(4) == 0) {
        blocks.add(BlockActivation.NONE);
        continue;
      }
      // As often as not, query, key and value alike, and gate and up.
      boolean alike = random.nextBoolean();
      List<InputChoice> inputs = new ArrayList<>();
      for (Projection p : Projection.values()) {
        boolean part = p.index() >= Projection.GATE.index();
        Projection first = p.site().projections()[0];
        inputs.add(
            units && part
                ? InputChoice.ALL
                : alike && p != first ? inputs.get(first.index()) : choice(random, p));
      }
      int gates = !units ? 0 : new int[] {0, 1, CONFIG.hidden()}[random.nextInt(3)];
      float[] thresholds = new float[gates];
      for (int i = 0; i < gates; i++) {
        thresholds[i] = (float) (random.nextDouble() * 0.05);
      }
      blocks.add(BlockActivation.of(CONFIG, inputs, thresholds, 0.5));
    }
    return blocks;
  }

  @Test
  void isTheDefinition() {
    for (long seed = 1; seed <= 12; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<BlockActivation> blocks = blocks(random, seed % 2 == 0);
      ActivationSetting setting = ActivationSetting.declared(blocks);
      int[] ids = random.ints(TOKENS, 0, CONFIG.vocab()).toArray();
      Defined defined = new Defined(blocks);
      double[][] expected = new PlainDecoder(MODEL, defined).logits(ids);
      SessionSettings settings = new SessionSettings(TOKENS, setting, Scope.ALL, 0);
      try (PackedDecoder packed = PackedDecoder.pack(MODEL, setting.packing(ValueType.F32))) {
        for (int together : new int[] {1, TOKENS}) {
          DecoderSession session = packed.newSession(settings);
          for (int i = 0; i < TOKENS; i += together) {
            int first = i;
            long now = seed;
            session.feed(
                Arrays.copyOfRange(ids, i, i + together),
                (k, logits, at) -> {
                  for (int v = 0; v < CONFIG.vocab(); v++) {
                    assertThat((double) logits.get(at + v))
                        .as("seed %s, %s together, token %s", now, together, first + k)
                        .isCloseTo(expected[first + k][v], within(5e-5));
                  }
                });
          }
          for (LayerSparsity layer : session.layerSparsity()) {
            int l = layer.layer();
            assertThat(layer.realised())
                .as("seed %s, layer %s", seed, l)
                .isCloseTo(
                    defined.seen[l] == 0 ? 0 : 1 - (double) defined.kept[l] / defined.seen[l],
                    within(1e-9));
            assertThat(layer.planned()).isEqualTo(blocks.get(l).planned());
          }
          long bytes = packed.realisedBytesPerToken(session.counts(), setting);
          assertThat(bytes).isLessThan(packed.denseBytesPerToken());
        }
      }
    }
  }

  /** Shares are of all inputs that a block looks at. */
  @Test
  void whatIsPlanned() {
    List<InputChoice> inputs = new ArrayList<>(BlockActivation.NONE.inputs());
    inputs.set(Projection.DOWN.index(), new InputChoice(Kind.TOPK, 0.5, 0));
    inputs.set(Projection.Q.index(), new InputChoice(Kind.TOPK, 0.25, 0));
    double dim = CONFIG.dim();
    double hidden = CONFIG.hidden();
    assertThat(BlockActivation.of(CONFIG, inputs, new float[0], 0).planned())
        .isCloseTo((0.5 * hidden + 0.25 * dim) / (hidden + dim), within(1e-12));
    assertThat(BlockActivation.NONE.planned()).isZero();
    assertThat(BlockActivation.NONE.skips()).isFalse();
  }

  @Test
  void unitsHereAndInputsThereAreRefused() {
    List<InputChoice> inputs = new ArrayList<>(BlockActivation.NONE.inputs());
    inputs.set(Projection.UP.index(), new InputChoice(Kind.TOPK, 0.5, 0));
    BlockActivation byInputs = BlockActivation.of(CONFIG, inputs, new float[0], 0);
    BlockActivation byUnits =
        BlockActivation.of(CONFIG, BlockActivation.NONE.inputs(), new float[] {1}, 0.5);
    assertThatThrownBy(() -> ActivationSetting.declared(List.of(byInputs, byUnits)))
        .hasMessageContaining("FIL-0882: Layer 0 cannot be served");
  }
}
