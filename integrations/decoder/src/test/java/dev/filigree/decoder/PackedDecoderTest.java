package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.decoder.load.ConfigJson;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.FrequencyFactors;
import dev.filigree.decoder.model.Llama3Scaling;
import dev.filigree.decoder.model.OverlaidWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.model.RopeLayout;
import dev.filigree.decoder.model.RopeScaling;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.sparsity.ActivationCalibration;
import dev.filigree.file.DType;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.SafetensorsWriter;
import dev.filigree.file.Tensor;
import dev.filigree.kernel.Activation;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PackedDecoderTest {
  private static final long SEED = 7;

  /** Every shape the family has: grouped heads, both layouts, scaling, window, biases, heads. */
  static Stream<DecoderConfig> shapes() {
    return Stream.of(
        config(4, 4, RopeLayout.ADJACENT, null, -1, false, false, true),
        config(4, 2, RopeLayout.HALF_SPLIT, null, -1, true, false, false),
        config(6, 2, RopeLayout.HALF_SPLIT, new Llama3Scaling(8, 1, 4, 16), -1, false, true, true),
        config(4, 1, RopeLayout.ADJACENT, null, 5, true, true, false),
        config(
            4,
            2,
            RopeLayout.ADJACENT,
            new FrequencyFactors(List.of(1.0, 2.5, 8.0)),
            -1,
            false,
            false,
            true));
  }

  private static DecoderConfig config(
      int heads,
      int kvHeads,
      RopeLayout layout,
      RopeScaling scaling,
      int window,
      boolean qkvBias,
      boolean outputBias,
      boolean tied) {
    return new DecoderConfig(
        24,
        44,
        2,
        heads,
        kvHeads,
        6,
        40,
        32,
        1e-5,
        10_000,
        layout,
        Optional.ofNullable(scaling),
        window < 0 ? OptionalInt.empty() : OptionalInt.of(window),
        qkvBias,
        outputBias,
        tied,
        1,
        List.of(2));
  }

  private static int[] ids(int count) {
    return new SplittableRandom(SEED).ints(count, 0, 40).toArray();
  }

  private static float[][] prefill(DecoderSession session, int... ids) {
    float[][] out = new float[ids.length][40];
    session.feed(ids, (i, logits, at) -> logits.get(at, out[i]));
    return out;
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void prefillAndDecodeAreTheDefinition(DecoderConfig config) {
    DecoderWeights weights = new RandomModel(config, SEED);
    int[] ids = ids(20);
    double[][] expected = new PlainDecoder(weights).logits(ids);
    for (PackSettings.Layout layout : PackSettings.Layout.values()) {
      try (PackedDecoder packed =
          PackedDecoder.pack(weights, PackSettings.of(ValueType.F32, layout))) {
        float[][] all = prefill(packed.newSession(SessionSettings.dense(20)), ids);
        DecoderSession session = packed.newSession(SessionSettings.dense(20));
        for (int t = 0; t < ids.length; t++) {
          FloatBuffer one = session.feed(ids[t]);
          for (int i = 0; i < 40; i++) {
            assertThat((double) all[t][i]).as("%s", layout).isCloseTo(expected[t][i], within(2e-5));
            assertThat((double) one.get(i)).isCloseTo(expected[t][i], within(2e-5));
          }
        }
      }
    }
  }

  @Test
  void skippingActivationsIsTheSameForManyRowsAndForOne() {
    DecoderConfig silu = config(4, 2, RopeLayout.HALF_SPLIT, null, -1, true, false, true);
    // Other ids: an activation that is a threshold itself is kept or not by its last bit.
    List<int[]> calibration = List.of(new SplittableRandom(8).ints(30, 0, 40).toArray());
    for (Method method : Method.values()) {
      // What single blocks declare is tested with the blocks.
      if (method == Method.NONE || method == Method.DECLARED) {
        continue;
      }
      DecoderConfig config = method == Method.RELU ? silu.withActivation(Activation.RELU) : silu;
      DecoderWeights weights = new RandomModel(config, SEED);
      ActivationSetting setting =
          ActivationCalibration.settingFor(method, 0.5, weights, calibration, (done, total) -> {});
      PackSettings settings = new PackSettings(ValueType.F32, method.layout(), true);
      try (PackedDecoder packed = PackedDecoder.pack(weights, settings)) {
        SessionSettings all = new SessionSettings(20, setting, SessionSettings.Scope.ALL, 2);
        DecoderSession together = packed.newSession(all);
        float[][] rows = prefill(together, ids(20));
        DecoderSession single = packed.newSession(all);
        for (int t = 0; t < 20; t++) {
          FloatBuffer one = single.feed(ids(20)[t]);
          for (int i = 0; i < 40; i++) {
            assertThat(one.get(i)).as("%s", method).isCloseTo(rows[t][i], within(1e-4f));
          }
        }
        assertThat(single.counts().sparsity())
            .as("%s", method)
            .isCloseTo(together.counts().sparsity(), within(0.005))
            .isBetween(0.3, 0.7);
      }
    }
  }

  @Test
  void directoryOfAnyTypeLoadsWithTheSameLogits(@TempDir Path folder) throws IOException {
    DecoderConfig config =
        config(6, 2, RopeLayout.HALF_SPLIT, new Llama3Scaling(8, 1, 4, 16), -1, true, false, false);
    DecoderWeights weights = new RandomModel(config, SEED);
    for (DType type : new DType[] {DType.F32, DType.BF16, DType.F16}) {
      write(folder, weights, type);
      DecoderWeights read = DecoderFiles.open(folder);
      assertThat(read.config()).isEqualTo(config);
      double tolerance = type == DType.F32 ? 1e-6 : 0.1;
      double[] expected = new PlainDecoder(weights).logits(ids(5))[4];
      double[] found = new PlainDecoder(read).logits(ids(5))[4];
      assertThat(found).containsExactly(expected, within(tolerance));
    }
  }

  private static void write(Path folder, DecoderWeights weights, DType type) throws IOException {
    List<Tensor> tensors = new ArrayList<>();
    TensorShapes.of(weights.config())
        .forEach(
            (name, shape) ->
                tensors.add(
                    Tensor.of(
                        name,
                        type,
                        shape,
                        FloatTensor.encode(name, type, weights.floats(name).asFloatBuffer()))));
    SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of());
    Files.writeString(folder.resolve("config.json"), ConfigJson.text(weights.config()));
  }

  @Test
  void whatCannotBeUsedIsNamed(@TempDir Path folder) throws IOException {
    DecoderConfig config = config(4, 2, RopeLayout.HALF_SPLIT, null, -1, false, false, true);
    DecoderWeights weights = new RandomModel(config, SEED);
    refused(Message.FIL_0709, () -> DecoderFiles.open(folder.resolve("nothing")));
    refused(Message.FIL_0707, () -> DecoderFiles.open(folder));
    Path bin = Files.write(folder.resolve("short.bin"), new byte[30]);
    refused(Message.FIL_0703, () -> DecoderFiles.open(bin));

    write(folder, weights, DType.F32);
    String json = ConfigJson.text(config);
    Files.writeString(folder.resolve("config.json"), json.replace("\"llama\"", "\"gpt2\""));
    refused(Message.FIL_0701, () -> DecoderFiles.open(folder));
    Files.writeString(
        folder.resolve("config.json"), json.replace("\"hidden_size\":24", "\"hidden_size\":28"));
    refused(Message.FIL_0705, () -> DecoderFiles.open(folder));
    Files.writeString(
        folder.resolve("config.json"),
        json.replace("\"num_hidden_layers\":2", "\"num_hidden_layers\":3"));
    refused(Message.FIL_0704, () -> DecoderFiles.open(folder));
    Files.writeString(
        folder.resolve("config.json"),
        json.replace("\"num_hidden_layers\":2", "\"num_hidden_layers\":1"));
    refused(Message.FIL_0706, () -> DecoderFiles.open(folder));

    ByteBuffer broken = AlignedMemory.allocate(4 * 24 * 44);
    broken.putFloat(400, Float.NaN);
    DecoderWeights nan = new OverlaidWeights(weights, Map.of(Projection.DOWN.weight(1), broken));
    refused(Message.FIL_0712, () -> PackedDecoder.pack(nan, PackSettings.DENSE));
    try (PackedDecoder packed = PackedDecoder.pack(weights, PackSettings.DENSE)) {
      refused(Message.FIL_0713, () -> packed.newSession(SessionSettings.dense(33)));
      DecoderSession session = packed.newSession(SessionSettings.dense(4));
      refused(Message.FIL_0713, () -> session.feed(ids(5)));
      refused(Message.FIL_0714, () -> session.feed(40));
    }
  }

  private static void refused(Message id, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(FiligreeException.class, e -> assertThat(e.id()).isEqualTo(id));
  }
}
