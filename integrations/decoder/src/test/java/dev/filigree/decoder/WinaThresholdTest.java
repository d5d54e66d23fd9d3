package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.decoder.evaluate.Loss;
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
import dev.filigree.decoder.sparsity.ActivationCalibration;
import dev.filigree.kernel.ValueType;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** WINA with thresholds in the place of exact counts: Chen et al. 2025. */
class WinaThresholdTest {
  private static final DecoderWeights MODEL = RandomModel.of("tiny", 5);
  private static final DecoderConfig CONFIG = MODEL.config();
  private static final double SPARSITY = 0.4;

  private static int[] ids(long seed, int count) {
    return new SplittableRandom(seed).ints(count, 0, CONFIG.vocab()).toArray();
  }

  private static ActivationSetting setting(DecoderWeights weights, int[]... calibration) {
    return ActivationCalibration.settingFor(
        Method.WINA_THRESHOLD, SPARSITY, weights, List.of(calibration), (done, total) -> {});
  }

  /** ||W[:,i]||_2, W all weights that receive an input, one above the other. */
  private static double[] norms(int layer, Projection.Site site) {
    double[] squares = new double[site.width(CONFIG)];
    for (Projection p : site.projections()) {
      FloatBuffer w = MODEL.floats(p.weight(layer)).asFloatBuffer();
      for (int i = 0; i < w.limit(); i++) {
        squares[i % squares.length] += (double) w.get(i) * w.get(i);
      }
    }
    return Arrays.stream(squares).map(Math::sqrt).toArray();
  }

  /** The scores of all inputs of every site, by layer, as a dense pass over the ids sees them. */
  private static List<Map<Projection.Site, List<Double>>> scores(int[] ids) {
    List<Map<Projection.Site, List<Double>>> seen = new ArrayList<>();
    for (int l = 0; l < CONFIG.layers(); l++) {
      seen.add(new EnumMap<>(Projection.Site.class));
    }
    new PlainDecoder(
            MODEL,
            new PlainDecoder.Skipping() {
              @Override
              public double[] inputs(int layer, Projection p, double[] x) {
                if (p == p.site().projections()[0]) {
                  double[] c = norms(layer, p.site());
                  List<Double> own =
                      seen.get(layer).computeIfAbsent(p.site(), s -> new ArrayList<>());
                  for (int i = 0; i < x.length; i++) {
                    own.add(Math.abs(x[i]) * c[i]);
                  }
                }
                return x;
              }

              @Override
              public double[] gates(int layer, double[] g) {
                return g;
              }
            })
        .logits(ids);
    return seen;
  }

  @Test
  void isTheDefinition() {
    int[] calibration = ids(1, 40);
    ActivationSetting setting = setting(MODEL, calibration);
    // Calibration leaves the last id of a sequence out.
    List<Map<Projection.Site, List<Double>>> scores =
        scores(Arrays.copyOf(calibration, calibration.length - 1));
    for (int l = 0; l < CONFIG.layers(); l++) {
      for (Projection.Site site : Projection.Site.values()) {
        List<Double> sorted = scores.get(l).get(site).stream().sorted().toList();
        double t = sorted.get((int) Math.ceil(sorted.size() * SPARSITY) - 1);
        double[] c = norms(l, site);
        float[] own = ActivationSetting.ofSite(setting.thresholds()[l], site, CONFIG);
        for (int i = 0; i < c.length; i++) {
          assertThat((double) own[i])
              .as("layer %s, %s, input %s", l, site, i)
              .isCloseTo(t / c[i], within(1e-4 * t / c[i]));
        }
      }
    }
    int[] ids = ids(2, 12);
    double[][] expected =
        new PlainDecoder(
                MODEL,
                new PlainDecoder.Skipping() {
                  @Override
                  public double[] inputs(int layer, Projection p, double[] x) {
                    float[] own =
                        ActivationSetting.ofSite(setting.thresholds()[layer], p.site(), CONFIG);
                    for (int i = 0; i < x.length; i++) {
                      x[i] = Math.abs(x[i]) > own[i] ? x[i] : 0;
                    }
                    return x;
                  }

                  @Override
                  public double[] gates(int layer, double[] g) {
                    return g;
                  }
                })
            .logits(ids);
    double[][] dense = new PlainDecoder(MODEL).logits(ids);
    double change = 0;
    for (ValueType values : new ValueType[] {ValueType.F32, ValueType.BF16, ValueType.INT8}) {
      try (PackedDecoder packed = PackedDecoder.pack(MODEL, setting.packing(values))) {
        DecoderSession session =
            packed.newSession(new SessionSettings(20, setting, SessionSettings.Scope.ALL, 0));
        for (int k = 0; k < ids.length; k++) {
          FloatBuffer logits = session.feed(ids[k]);
          for (int i = 0; i < CONFIG.vocab(); i++) {
            if (values == ValueType.F32) {
              assertThat((double) logits.get(i)).isCloseTo(expected[k][i], within(2e-5));
            }
            change = Math.max(change, Math.abs(dense[k][i] - expected[k][i]));
          }
        }
        for (Projection p : Projection.values()) {
          assertThat(session.counts().kept(p)).as("%s", p).isBetween(0.5, 0.7);
        }
        assertThat(session.counts().kept(Projection.Q))
            .as("one choice for query, key and value")
            .isEqualTo(session.counts().kept(Projection.V));
      }
    }
    assertThat(change).isGreaterThan(0.01);
  }

  @Test
  void storiesLoseAboutAsMuchAsWithExactCounts() {
    DecoderWeights model = DecoderFiles.open(Shared.file("data/stories260K.bin"));
    List<int[]> calibration = sequences("calibration_ids");
    Loss wina = loss(model, new ActivationSetting(Method.WINA, SPARSITY, null));
    Loss own = loss(model, setting(model, calibration.toArray(int[][]::new)));
    assertThat(own.nll()).isCloseTo(wina.nll(), within(0.1));
    assertThat(own.activationSparsity()).isCloseTo(SPARSITY, within(0.01));
  }

  private static List<int[]> sequences(String name) {
    return Shared.sequences(Shared.json("fixtures/stories260k.json").getAsJsonArray(name));
  }

  private static Loss loss(DecoderWeights model, ActivationSetting setting) {
    PackSettings packing = setting.packing(ValueType.F32);
    try (PackedDecoder packed = PackedDecoder.pack(model, packing)) {
      return Loss.measure(
          packed,
          sequences("eval_ids"),
          new SessionSettings(1, setting, SessionSettings.Scope.ALL, 0),
          (done, total) -> {});
    }
  }
}
