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
  private static final class Counting implements PlainDecoder.Skipping {
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
    Path target = folder.resolve("p");
    ModelWriter.write(
        target,
        MODEL,
        new CompressPlan(
            Optional.empty(),
            Optional.of(SparsitySpec.activation("relu")),
            ValueType.F32,
            List.of(),
            Optional.empty(),
            DecoderPruning.Mode.SEQUENTIAL),
        Map.of(PackedDirectory.CONFIG, ConfigJson.text(CONFIG).getBytes(StandardCharsets.UTF_8)),
        Progress.SILENT);
    PackedModel stored = (PackedModel) DecoderFiles.open(target);
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
    assertThatThrownBy(() -> SparsitySpec.activation("relu:0.5")).hasMessageContaining("FIL-0604");
  }
}
