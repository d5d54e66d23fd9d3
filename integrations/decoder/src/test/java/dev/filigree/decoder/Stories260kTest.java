package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.filigree.decoder.evaluate.Loss;
import dev.filigree.decoder.generate.Generator;
import dev.filigree.decoder.generate.Sampler;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.sparsity.ActivationCalibration;
import dev.filigree.decoder.sparsity.DecoderPruning;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.kernel.ValueType;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** The whole way on a real model, against values written from the definitions in double. */
class Stories260kTest {

  private static DecoderWeights model() {
    return DecoderFiles.open(Shared.file("data/stories260K.bin"));
  }

  @Test
  void greedyTextIsThePublishedOne() {
    JsonObject golden =
        Shared.json("fixtures/greedy_generation.json").getAsJsonObject("stories260K");
    try (PackedDecoder packed = PackedDecoder.pack(model(), PackSettings.DENSE);
        Tokenizer tokenizer = Tokenizer.open(Shared.file("data/tok512.bin"), 512)) {
      List<Integer> ids =
          new Generator(packed)
              .run(
                  new int[] {1},
                  200,
                  new Sampler(Sampler.Settings.GREEDY),
                  SessionSettings.dense(1),
                  id -> true)
              .ids();
      assertThat(ids.stream().mapToInt(Integer::intValue).toArray())
          .isEqualTo(Shared.ids(golden.getAsJsonArray("ids")));
      assertThat(tokenizer.decode(ids)).isEqualTo(golden.get("text").getAsString());
    }
  }

  @Test
  void denseLoss() {
    JsonObject golden = Shared.json("fixtures/stories260k.json");
    double expected = golden.getAsJsonObject("dense").get("eval_nll").getAsDouble();
    assertThat(loss(model(), ActivationSetting.NONE, golden).nll())
        .isCloseTo(expected, within(1e-4));
  }

  private static Loss loss(DecoderWeights weights, ActivationSetting setting, JsonObject golden) {
    PackSettings settings =
        new PackSettings(
            ValueType.F32,
            setting.method().layout(),
            setting.method() == ActivationSetting.Method.WINA);
    try (PackedDecoder packed = PackedDecoder.pack(weights, settings)) {
      return Loss.measure(
          packed,
          Shared.sequences(golden.getAsJsonArray("eval_ids")),
          new SessionSettings(1, setting, SessionSettings.Scope.ALL, 0),
          (done, total) -> {});
    }
  }

  @Test
  void prunedMasksAndLosses() {
    JsonObject golden = Shared.json("fixtures/stories260k.json");
    List<int[]> calibration = Shared.sequences(golden.getAsJsonArray("calibration_ids"));
    for (JsonElement element : golden.getAsJsonArray("pruning")) {
      JsonObject c = element.getAsJsonObject();
      String spec = c.get("spec").getAsString();
      DecoderPruning.Result pruned =
          DecoderPruning.prune(
              model(),
              SparsitySpec.weights(spec),
              calibration,
              DecoderPruning.Mode.valueOf(
                  c.get("calibration_mode").getAsString().toUpperCase(Locale.ROOT)),
              (done, total) -> {});
      JsonObject digests = c.getAsJsonObject("mask_sha256");
      for (int l = 0; l < 5; l++) {
        for (Projection p : Projection.values()) {
          assertThat(pruned.masks().get(p.weight(l)).sha256())
              .as("%s %s of block %s", spec, p, l)
              .isEqualTo(digests.get(l + "." + p.shortName()).getAsString());
        }
      }
      assertThat(loss(pruned.weights(), ActivationSetting.NONE, golden).nll())
          .as(spec)
          .isCloseTo(c.get("eval_nll").getAsDouble(), within(c.get("nll_tolerance").getAsDouble()));
    }
  }

  @Test
  void skippedActivations() {
    JsonObject golden = Shared.json("fixtures/stories260k.json");
    List<int[]> calibration = Shared.sequences(golden.getAsJsonArray("calibration_ids"));
    for (JsonElement element : golden.getAsJsonArray("activation")) {
      JsonObject c = element.getAsJsonObject();
      SparsitySpec.Activation spec = SparsitySpec.activation(c.get("spec").getAsString());
      ActivationSetting setting =
          ActivationCalibration.settingFor(
              spec.method(), spec.sparsity(), model(), calibration, (done, total) -> {});
      if (c.has("thresholds")) {
        checkThresholds(c, setting);
      }
      Loss loss = loss(model(), setting, golden);
      assertThat(loss.nll())
          .as("%s", spec)
          .isCloseTo(c.get("eval_nll").getAsDouble(), within(c.get("nll_tolerance").getAsDouble()));
      assertThat(loss.activationSparsity())
          .as("%s", spec)
          .isCloseTo(c.get("activation_sparsity").getAsDouble(), within(0.01));
    }
  }

  private static void checkThresholds(JsonObject c, ActivationSetting setting) {
    c.getAsJsonObject("thresholds")
        .asMap()
        .forEach(
            (key, value) -> {
              int dot = key.indexOf('.');
              int layer = Integer.parseInt(dot < 0 ? key : key.substring(0, dot));
              int index = 0;
              for (Projection p : Projection.values()) {
                if (dot > 0 && p.shortName().equals(key.substring(dot + 1))) {
                  index = p.index();
                }
              }
              // The next value keeps the same; float32 activations are off by some 1e-6.
              double next = c.getAsJsonObject("next_order_statistic").get(key).getAsDouble();
              double t = value.getAsDouble();
              assertThat((double) setting.thresholds()[layer][index])
                  .as(key)
                  .isBetween(t - 1e-5, Math.max(t, next) + 1e-5);
            });
  }
}
