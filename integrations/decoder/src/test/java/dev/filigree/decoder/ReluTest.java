package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.decoder.load.ConfigJson;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.PackedModel;
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
import dev.filigree.decoder.sparsity.ActivationCalibration;
import dev.filigree.decoder.sparsity.DecoderPruning;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.decoder.store.CompressPlan;
import dev.filigree.decoder.store.MappedDecoder;
import dev.filigree.decoder.store.ModelWriter;
import dev.filigree.decoder.store.StoredActivation;
import dev.filigree.file.PackedDirectory;
import dev.filigree.file.Progress;
import dev.filigree.kernel.Activation;
import dev.filigree.kernel.ValueType;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Models whose gate has ReLU instead of SiLU: zeros are exact, and skipping them changes nothing.
 */
class ReluTest {
  private static final DecoderWeights SILU = RandomModel.of("tiny", 5);
  private static final DecoderConfig CONFIG = SILU.config().withActivation(Activation.RELU);
  private static final DecoderWeights MODEL =
      new DecoderWeights() {
        @Override
        public DecoderConfig config() {
          return CONFIG;
        }

        @Override
        public ByteBuffer floats(String name) {
          return SILU.floats(name);
        }
      };
  private static final ActivationSetting SKIPPING = new ActivationSetting(Method.RELU, 0, null);
  private static final int[] IDS = new SplittableRandom(2).ints(12, 0, CONFIG.vocab()).toArray();

  @TempDir private Path folder;

  /** Counts gates that are not zero, by the definition. */
  private static class Counting implements PlainDecoder.Skipping {
    long kept;

    @Override
    public double[] inputs(int layer, Projection p, double[] x) {
      return x;
    }

    @Override
    public double[] gates(int layer, double[] g) {
      for (double v : g) {
        kept += v != 0 ? 1 : 0;
      }
      return g;
    }
  }

  private static void same(FloatBuffer logits, int at, double[] expected) {
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) logits.get(at + i)).isCloseTo(expected[i], within(2e-5));
    }
  }

  /** Dense, with zeros skipped, together and one by one: all the definition. */
  @Test
  void isTheDefinition() {
    Counting counting = new Counting();
    double[][] expected = new PlainDecoder(MODEL, counting).logits(IDS);
    double[][] silu = new PlainDecoder(SILU).logits(IDS);
    assertThat(Math.abs(expected[11][0] - silu[11][0])).isGreaterThan(1e-3);
    double units = (double) IDS.length * CONFIG.layers() * CONFIG.hidden();
    for (ActivationSetting setting : List.of(ActivationSetting.NONE, SKIPPING)) {
      try (PackedDecoder packed =
          PackedDecoder.pack(MODEL, PackSettings.of(ValueType.F32, setting.method().layout()))) {
        SessionSettings settings = new SessionSettings(20, setting, Scope.ALL, 0);
        packed.newSession(settings).feed(IDS, (i, logits, at) -> same(logits, at, expected[i]));
        DecoderSession one = packed.newSession(settings);
        for (int k = 0; k < IDS.length; k++) {
          same(one.feed(IDS[k]), 0, expected[k]);
        }
        long bytes = packed.realisedBytesPerToken(one.counts(), setting);
        if (setting == SKIPPING) {
          assertThat(one.counts().sparsity())
              .isCloseTo(1 - counting.kept / units, within(1e-9))
              .isBetween(0.3, 0.7);
          double up = 4.0 * 2 * CONFIG.layers() * CONFIG.dim() * CONFIG.hidden();
          assertThat((double) bytes)
              .isCloseTo(
                  packed.denseBytesPerToken() - up * (1 - counting.kept / units), within(1.0));
        } else {
          assertThat(bytes).isEqualTo(packed.denseBytesPerToken());
        }
      }
    }
  }

  /** FATReLU: gates at or below the threshold are zero, and no token has a row of them read. */
  @Test
  void aThresholdMakesMoreZeros() {
    double t = 0.02;
    Counting counting =
        new Counting() {
          @Override
          public double[] gates(int layer, double[] g) {
            double[] left = Arrays.stream(g).map(v -> v > (float) t ? v : 0).toArray();
            return super.gates(layer, left);
          }
        };
    double[][] expected = new PlainDecoder(MODEL, counting).logits(IDS);
    double[][] plain = new PlainDecoder(MODEL).logits(IDS);
    assertThat(Math.abs(expected[11][0] - plain[11][0])).isGreaterThan(1e-4);
    ActivationSetting setting = SparsitySpec.activation("relu:" + t).setting(CONFIG.layers());
    assertThat(setting.text(":")).isEqualTo("relu:0.02");
    double units = (double) IDS.length * CONFIG.layers() * CONFIG.hidden();
    for (int together : new int[] {1, IDS.length}) {
      try (PackedDecoder packed =
          PackedDecoder.pack(MODEL, PackSettings.of(ValueType.F32, setting.method().layout()))) {
        DecoderSession session =
            packed.newSession(new SessionSettings(IDS.length, setting, Scope.ALL, 0));
        for (int i = 0; i < IDS.length; i += together) {
          int first = i;
          session.feed(
              Arrays.copyOfRange(IDS, i, i + together),
              (k, logits, at) -> same(logits, at, expected[first + k]));
        }
        assertThat(session.counts().sparsity())
            .isCloseTo(1 - counting.kept / units, within(1e-9))
            .isGreaterThan(0.5);
      }
    }
  }

  /** What CATS is calibrated on is the gate after ReLU: below the share of zeros it is exact. */
  @Test
  void catsFindsTheZeros() {
    ActivationSetting cats =
        ActivationCalibration.settingFor(
            Method.CATS, 0.2, MODEL, List.of(IDS), (done, total) -> {});
    for (float[] layer : cats.thresholds()) {
      assertThat(layer).containsExactly(0);
    }
  }

  @Test
  void aDirectoryKeepsIt() {
    assertThat(ConfigJson.parse(ConfigJson.text(CONFIG), "c").activation())
        .isEqualTo(Activation.RELU);
    assertThat(ConfigJson.parse(ConfigJson.text(SILU.config()), "c").activation())
        .isEqualTo(Activation.SILU);
    assertThatThrownBy(
            () -> ConfigJson.parse(ConfigJson.text(CONFIG).replace("\"relu\"", "\"gelu\""), "c"))
        .hasMessageContaining("FIL-0701")
        .hasMessageContaining("silu, relu");
    PackedModel stored = stored("relu");
    ActivationSetting setting = StoredActivation.of(stored).orElseThrow().setting();
    assertThat(setting.method()).isEqualTo(Method.RELU);
    assertThat(MappedDecoder.isMapped(stored, Method.RELU)).isTrue();
    double[][] expected = new PlainDecoder(MODEL).logits(IDS);
    try (PackedDecoder packed = MappedDecoder.open(stored, Method.RELU)) {
      packed
          .newSession(new SessionSettings(20, setting, Scope.ALL, 0))
          .feed(IDS, (i, logits, at) -> same(logits, at, expected[i]));
    }
  }

  private PackedModel stored(String spec) {
    Path target = folder.resolve(spec.replace(':', '-'));
    ModelWriter.write(
        target,
        MODEL,
        new CompressPlan(
            Optional.empty(),
            Optional.of(SparsitySpec.activation(spec)),
            ValueType.F32,
            List.of(),
            Optional.empty(),
            DecoderPruning.Mode.SEQUENTIAL),
        Map.of(PackedDirectory.CONFIG, ConfigJson.text(CONFIG).getBytes(StandardCharsets.UTF_8)),
        Progress.SILENT);
    return (PackedModel) DecoderFiles.open(target);
  }

  @Test
  void aDirectoryKeepsTheThreshold() {
    PackedModel stored = stored("relu:0.02");
    StoredActivation found = StoredActivation.of(stored).orElseThrow();
    assertThat(found.text()).isEqualTo("relu:0.02");
    assertThat(found.setting().thresholds()).hasDimensions(CONFIG.layers(), 1);
    assertThat(found.setting().thresholds()[1]).containsExactly(0.02f);
    assertThat(stored.folder().receipt().steps().get(0).plan())
        .containsEntry("method", "relu")
        .containsEntry("threshold", "0.02");
    SessionSettings settings = new SessionSettings(20, found.setting(), Scope.ALL, 0);
    try (PackedDecoder fresh =
            PackedDecoder.pack(MODEL, PackSettings.of(ValueType.F32, Method.RELU.layout()));
        PackedDecoder mapped = MappedDecoder.open(stored, Method.RELU)) {
      double[][] expected = new double[IDS.length][CONFIG.vocab()];
      fresh
          .newSession(settings)
          .feed(IDS, (i, logits, at) -> Arrays.setAll(expected[i], k -> logits.get(at + k)));
      mapped.newSession(settings).feed(IDS, (i, logits, at) -> same(logits, at, expected[i]));
    }
  }

  @Test
  void badThresholds() {
    for (String bad : List.of("relu:", "relu:-0.1", "relu:NaN", "relu:1e39", "relu:0.1:2")) {
      assertThatThrownBy(() -> SparsitySpec.activation(bad))
          .hasMessage(
              "FIL-0604: --activation is "
                  + bad
                  + "; legal: relu, or relu:THRESHOLD with a threshold of at least 0; gates at or"
                  + " below it count as zero.");
    }
    assertThat(SparsitySpec.activation("relu:0").setting(3).thresholds()).isNull();
    assertThat(SparsitySpec.activation("relu:0").setting(3).text(":")).isEqualTo("relu");
  }

  @Test
  void siluLeavesNoZeros() {
    try (PackedDecoder packed =
        PackedDecoder.pack(SILU, PackSettings.of(ValueType.F32, Method.RELU.layout()))) {
      assertThatThrownBy(() -> packed.newSession(new SessionSettings(20, SKIPPING, Scope.ALL, 0)))
          .hasMessageContaining("FIL-0852");
    }
    Path target = folder.resolve("refused");
    CompressPlan plan =
        new CompressPlan(
            Optional.empty(),
            Optional.of(SparsitySpec.activation("relu")),
            ValueType.F32,
            List.of(),
            Optional.empty(),
            DecoderPruning.Mode.SEQUENTIAL);
    assertThatThrownBy(() -> ModelWriter.write(target, SILU, plan, Map.of(), Progress.SILENT))
        .hasMessageContaining("FIL-0852");
    assertThat(target).doesNotExist();
  }
}
