package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.decoder.evaluate.Loss;
import dev.filigree.decoder.generate.Generator;
import dev.filigree.decoder.generate.Sampler;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.serve.SessionSettings.Scope;
import dev.filigree.kernel.ValueType;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** CoreInfer in the decoder: Wang et al. 2024. */
class CoreInferTest {
  private static final DecoderWeights MODEL = RandomModel.of("tiny", 5);
  private static final DecoderConfig CONFIG = MODEL.config();

  private static int[] ids(long seed, int count) {
    return new SplittableRandom(seed).ints(count, 0, CONFIG.vocab()).toArray();
  }

  private static ActivationSetting setting(double sparsity) {
    return new ActivationSetting(Method.COREINFER, sparsity, null);
  }

  private static PackedDecoder packed(DecoderWeights weights) {
    return PackedDecoder.pack(weights, PackSettings.of(ValueType.F32, Method.COREINFER.layout()));
  }

  /** What the method says, position after position, in double. */
  private static final class Plain implements PlainDecoder.Skipping {
    private final int prompt;
    private final int keep;
    private final List<int[]> frequencies = new ArrayList<>();
    private final List<double[]> sums = new ArrayList<>();
    private final List<boolean[]> cores = new ArrayList<>();

    Plain(int prompt, int keep) {
      this.prompt = prompt;
      this.keep = keep;
      for (int l = 0; l < CONFIG.layers(); l++) {
        frequencies.add(new int[CONFIG.hidden()]);
        sums.add(new double[CONFIG.hidden()]);
        cores.add(null);
      }
    }

    @Override
    public double[] inputs(int layer, Projection p, double[] x) {
      return x;
    }

    @Override
    public double[] gates(int layer, double[] g) {
      return g;
    }

    @Override
    public double[] hidden(int layer, int position, double[] h) {
      if (layer == 0 || layer == 3) {
        return h; // the outer ones of four
      }
      if (position < prompt) {
        double[] positive = Arrays.stream(h).filter(v -> v > 0).sorted().toArray();
        int wanted = (int) Math.ceil(positive.length / 5.0);
        double least = positive[positive.length - wanted];
        for (int i = 0; i < h.length; i++) {
          frequencies.get(layer)[i] += h[i] >= least ? 1 : 0;
          sums.get(layer)[i] += Math.max(0, h[i]);
        }
        return h;
      }
      if (cores.get(layer) == null) {
        boolean[] core = new boolean[h.length];
        IntStream.range(0, h.length)
            .boxed()
            .sorted(
                Comparator.comparingInt((Integer i) -> frequencies.get(layer)[i])
                    .thenComparingDouble(i -> sums.get(layer)[i])
                    .reversed())
            .limit(keep)
            .forEach(i -> core[i] = true);
        cores.set(layer, core);
      }
      for (int i = 0; i < h.length; i++) {
        h[i] = cores.get(layer)[i] ? h[i] : 0;
      }
      return h;
    }
  }

  /** The prompt is dense and chooses; what follows uses the chosen units only. */
  @Test
  void isTheDefinition() {
    int prompt = 9;
    int[] ids = ids(2, 16);
    int keep = CONFIG.hidden() - (int) Math.floor(0.6 * CONFIG.hidden());
    double[][] expected = new PlainDecoder(MODEL, new Plain(prompt, keep)).logits(ids);
    double[][] dense = new PlainDecoder(MODEL).logits(ids);
    double change = 0;
    try (PackedDecoder packed = packed(MODEL)) {
      // After a prompt, token by token; and with the prompt as the first positions of everything.
      DecoderSession one =
          packed.newSession(new SessionSettings(20, setting(0.6), Scope.DECODE, 0));
      DecoderSession all =
          packed.newSession(new SessionSettings(20, setting(0.6), Scope.ALL, prompt));
      for (int round = 0; round < 2; round++) {
        // A second sequence chooses anew.
        int[] other = ids(7, 5);
        one.reset();
        one.feed(other);
        one.feed(3);
        one.reset();
        one.resetCounts();
        one.feed(Arrays.copyOf(ids, prompt), (i, logits, at) -> same(logits, at, expected[i]));
        for (int k = prompt; k < ids.length; k++) {
          same(one.feed(ids[k]), 0, expected[k]);
          for (int i = 0; i < CONFIG.vocab(); i++) {
            change = Math.max(change, Math.abs(dense[k][i] - expected[k][i]));
          }
        }
        all.reset();
        all.feed(ids, (i, logits, at) -> same(logits, at, expected[i]));
      }
      assertThat(change).isGreaterThan(0.01);
      double realised = 1 - (double) keep / CONFIG.hidden();
      for (DecoderSession session : List.of(one, all)) {
        assertThat(session.counts().sparsity()).isCloseTo(realised, within(1e-12));
        assertThat(session.counts().kept(Projection.DOWN))
            .isCloseTo(1 - realised / 2, within(1e-12));
        assertThat(session.counts().kept(Projection.O)).isEqualTo(1);
      }
      long removed = 4L * 3 * CONFIG.dim() * (CONFIG.hidden() - keep);
      assertThat(packed.realisedBytesPerToken(one.counts(), setting(0.6)))
          .isEqualTo(packed.denseBytesPerToken() - 2 * removed);
    }
  }

  private static void same(FloatBuffer logits, int at, double[] expected) {
    for (int i = 0; i < CONFIG.vocab(); i++) {
      assertThat((double) logits.get(at + i)).isCloseTo(expected[i], within(2e-5));
    }
  }

  /** A prompt of one token is dense; a later one in the same sequence is a prompt as well. */
  @Test
  void whatIsFedTogetherIsAPrompt() {
    int[] ids = ids(4, 10);
    try (PackedDecoder packed = packed(MODEL)) {
      SessionSettings settings = new SessionSettings(20, setting(0.7), Scope.DECODE, 0);
      DecoderSession dense = packed.newSession(SessionSettings.dense(20));
      DecoderSession session = packed.newSession(settings);
      assertThat(floats(session.feed(ids[0]))).isEqualTo(floats(dense.feed(ids[0])));
      session.feed(ids[1]);
      assertThat(session.counts().sparsity()).isGreaterThan(0.69);
      session.feed(ids[2], ids[3], ids[4]);
      float[] twice = floats(session.feed(ids[5]));
      DecoderSession once = packed.newSession(settings);
      once.feed(Arrays.copyOf(ids, 5));
      assertThat(twice).isNotEqualTo(floats(once.feed(ids[5])));
    }
  }

  private static float[] floats(FloatBuffer logits) {
    float[] out = new float[CONFIG.vocab()];
    logits.get(0, out);
    return out;
  }

  @Test
  void withoutAPromptThereIsNothingToChooseFrom() {
    assertThatThrownBy(() -> new SessionSettings(20, setting(0.5), Scope.ALL, 0))
        .hasMessageContaining("FIL-0850")
        .hasMessageContaining("--keep-first");
  }

  /** The first 6 and the last 5 of 32 blocks, in proportion. */
  @ParameterizedTest
  @CsvSource({"32, 6, 26", "40, 8, 33", "24, 5, 19", "5, 1, 3", "2, 0, 1", "1, 0, 0"})
  void outerBlocksAreLeftAlone(int layers, int first, int last) {
    int[] skipping =
        IntStream.range(0, layers).filter(l -> setting(0.5).skipsIn(l, layers)).toArray();
    assertThat(skipping).containsExactly(IntStream.rangeClosed(first, last).toArray());
    assertThat(setting(0.5).planned(first, layers)).isEqualTo(0.5);
  }

  @Test
  void storiesGoOn() {
    DecoderWeights model = DecoderFiles.open(Shared.file("data/stories260K.bin"));
    List<int[]> eval =
        Shared.sequences(Shared.json("fixtures/stories260k.json").getAsJsonArray("eval_ids"));
    try (PackedDecoder packed = packed(model)) {
      int hidden = model.config().hidden();
      double[] nll = new double[3];
      double[] sparsities = {0, 0.4, 0.8};
      for (int i = 0; i < nll.length; i++) {
        Loss loss =
            Loss.measure(
                packed,
                eval,
                new SessionSettings(1, setting(sparsities[i]), Scope.ALL, 32),
                (done, total) -> {});
        nll[i] = loss.nll();
        assertThat(loss.activationSparsity())
            .isCloseTo(Math.floor(sparsities[i] * hidden) / hidden, within(1e-12));
      }
      double dense =
          Loss.measure(packed, eval, SessionSettings.dense(1), (done, total) -> {}).nll();
      assertThat(nll[0]).isCloseTo(dense, within(1e-6));
      assertThat(nll[1]).isGreaterThan(nll[0]);
      assertThat(nll[2]).isGreaterThan(nll[1]);
      // Blocks that are left alone skip nothing, and the text goes on.
      Generator.Result made =
          new Generator(packed)
              .run(
                  Arrays.copyOf(eval.get(0), 20),
                  12,
                  new Sampler(Sampler.Settings.GREEDY),
                  new SessionSettings(1, setting(0.4), Scope.DECODE, 0),
                  id -> true);
      assertThat(made.ids()).hasSize(12);
      assertThat(made.session().layerSparsity())
          .extracting(l -> l.planned())
          .containsExactly(0.0, 0.4, 0.4, 0.4, 0.0);
      assertThat(made.session().counts().sparsity(0)).isZero();
      assertThat(made.session().counts().sparsity(1)).isGreaterThan(0.39);
    }
  }
}
