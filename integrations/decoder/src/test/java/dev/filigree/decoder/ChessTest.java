package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.decoder.evaluate.Loss;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.OverlaidWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.sparsity.ActivationCalibration;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** CHESS in the decoder: He et al. 2024. */
class ChessTest {
  private static final DecoderWeights MODEL = RandomModel.of("tiny", 5);
  private static final DecoderConfig CONFIG = MODEL.config();

  private static int[] ids(long seed, int count) {
    return new SplittableRandom(seed).ints(count, 0, CONFIG.vocab()).toArray();
  }

  private static ActivationSetting setting(DecoderWeights weights, Method method, double sparsity) {
    return ActivationCalibration.settingFor(
        method, sparsity, weights, List.of(ids(1, 60)), (done, total) -> {});
  }

  private static double[] above(double[] x, double threshold) {
    for (int i = 0; i < x.length; i++) {
      x[i] = Math.abs(x[i]) > threshold ? x[i] : 0;
    }
    return x;
  }

  /** Query and output skip inputs, gates have a threshold each, key and value use everything. */
  @Test
  void isTheDefinition() {
    ActivationSetting chess = setting(MODEL, Method.CHESS, 0.5);
    float[][] t = chess.thresholds();
    PlainDecoder plain =
        new PlainDecoder(
            MODEL,
            new PlainDecoder.Skipping() {
              @Override
              public double[] inputs(int layer, Projection p, double[] x) {
                return switch (p) {
                  case Q -> above(x, t[layer][0]);
                  case O -> above(x, t[layer][1]);
                  default -> x;
                };
              }

              @Override
              public double[] gates(int layer, double[] g) {
                for (int i = 0; i < g.length; i++) {
                  g[i] = Math.abs(g[i]) > t[layer][2 + i] ? g[i] : 0;
                }
                return g;
              }
            });
    int[] ids = ids(2, 12);
    double[][] expected = plain.logits(ids);
    double[][] dense = new PlainDecoder(MODEL).logits(ids);
    double change = 0;
    try (PackedDecoder packed = packed(MODEL, Method.CHESS)) {
      DecoderSession session = session(packed, chess);
      for (int k = 0; k < ids.length; k++) {
        FloatBuffer logits = session.feed(ids[k]);
        for (int i = 0; i < CONFIG.vocab(); i++) {
          assertThat((double) logits.get(i)).isCloseTo(expected[k][i], within(2e-5));
          change = Math.max(change, Math.abs(dense[k][i] - expected[k][i]));
        }
      }
      assertThat(change).isGreaterThan(0.01);
      assertThat(session.counts().kept(Projection.K)).isEqualTo(1);
      assertThat(session.counts().kept(Projection.V)).isEqualTo(1);
      for (Projection p : new Projection[] {Projection.Q, Projection.O, Projection.DOWN}) {
        assertThat(session.counts().kept(p)).as("%s", p).isBetween(0.3, 0.7);
      }
    }
  }

  private static PackedDecoder packed(DecoderWeights weights, Method method) {
    return PackedDecoder.pack(weights, PackSettings.of(ValueType.F32, method.layout()));
  }

  private static DecoderSession session(PackedDecoder packed, ActivationSetting setting) {
    return packed.newSession(new SessionSettings(20, setting, SessionSettings.Scope.ALL, 0));
  }

  /** A unit whose up projection is a thousand times larger is kept where its neighbours are not. */
  @Test
  void loudUnitsHaveLowThresholds() {
    Map<String, ByteBuffer> louder = new HashMap<>();
    for (int l = 0; l < CONFIG.layers(); l++) {
      ByteBuffer up = MODEL.floats(Projection.UP.weight(l));
      ByteBuffer copy = AlignedMemory.allocate(up.limit());
      copy.put(0, up, 0, up.limit());
      for (int i = 0; i < CONFIG.dim(); i++) {
        copy.putFloat(4 * i, 1000 * up.getFloat(4 * i));
      }
      louder.put(Projection.UP.weight(l), copy);
    }
    float[] before = setting(MODEL, Method.CHESS, 0.5).thresholds()[0];
    float[] after = setting(new OverlaidWeights(MODEL, louder), Method.CHESS, 0.5).thresholds()[0];
    double others = 0;
    for (int i = 1; i < CONFIG.hidden(); i++) {
      others += after[2 + i] / (CONFIG.hidden() - 1.0);
    }
    assertThat((double) after[2]).isLessThan(others / 500).isLessThan(before[2] / 100.0);
  }

  @Test
  void storiesLoseLessThanWithOneThreshold() {
    DecoderWeights model = DecoderFiles.open(Shared.file("data/stories260K.bin"));
    List<int[]> calibration = sequences("calibration_ids");
    // Feed-forward alone, with the same number of units: what thresholds of their own bring.
    ActivationSetting chess =
        ActivationCalibration.settingFor(
            Method.CHESS, 0.7, model, calibration, (done, total) -> {});
    ActivationSetting cats =
        ActivationCalibration.settingFor(Method.CATS, 0.7, model, calibration, (done, total) -> {});
    float[][] units = new float[chess.thresholds().length][];
    for (int l = 0; l < units.length; l++) {
      units[l] = chess.thresholds()[l].clone();
      units[l][ActivationSetting.QUERY] = -1;
      units[l][ActivationSetting.OUTPUT] = -1;
    }
    Loss own = loss(model, new ActivationSetting(Method.CHESS, 0.7, units));
    Loss one = loss(model, cats);
    assertThat(own.nll()).isLessThan(one.nll() - 0.05);
    Loss whole = loss(model, chess);
    assertThat(whole.activationSparsity()).isCloseTo(0.7, within(0.02));
  }

  private static List<int[]> sequences(String name) {
    return Shared.sequences(Shared.json("fixtures/stories260k.json").getAsJsonArray(name));
  }

  private static Loss loss(DecoderWeights model, ActivationSetting setting) {
    try (PackedDecoder packed = packed(model, setting.method())) {
      return Loss.measure(
          packed,
          sequences("eval_ids"),
          new SessionSettings(1, setting, SessionSettings.Scope.ALL, 0),
          (done, total) -> {});
    }
  }
}
