package dev.filigree.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.criterion.Dsnot;
import dev.filigree.criterion.Layer;
import dev.filigree.criterion.OneShot;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.file.DType;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.SafetensorsFile;
import dev.filigree.file.SafetensorsWriter;
import dev.filigree.file.Tensor;
import dev.filigree.plan.Pattern;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code capture}, and that {@code prune} makes of it what the decoder makes itself. */
final class CaptureCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  @TempDir private Path folder;

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }

  private JsonObject json(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--json", "-"));
    assertThat(run(all.toArray(new String[0]))).as(err.toString()).isZero();
    return JsonParser.parseString(out.toString()).getAsJsonObject();
  }

  private String at(String name) {
    return folder.resolve(name).toString();
  }

  private static Map<String, String> digests(JsonObject pruned) {
    Map<String, String> out = new TreeMap<>();
    for (JsonElement e : pruned.getAsJsonArray("tensors")) {
      JsonObject t = e.getAsJsonObject();
      out.put(t.get("name").getAsString(), t.get("mask_sha256").getAsString());
    }
    return out;
  }

  private static Map<String, String> masks(JsonObject evaluated) {
    Map<String, String> out = new TreeMap<>();
    evaluated
        .getAsJsonObject("masks")
        .asMap()
        .forEach((name, digest) -> out.put(name, digest.getAsString()));
    return out;
  }

  @ParameterizedTest
  @CsvSource({
    "wanda, 2:4, dense",
    "wanda, unstructured:0.5, dense",
    "sparsegpt, unstructured:0.6, dense",
    "sparsegpt, 2:4, sequential",
    "wanda, unstructured:0.7, sequential"
  })
  void prunedFileHasTheMasksOfTheDecoder(String method, String pattern, String mode) {
    Path model = TinyModel.write(folder.resolve("m"), DType.F32);
    String calibration = TinyModel.ids(folder.resolve("c.json"), 1, 3, 41).toString();
    String evaluation = TinyModel.ids(folder.resolve("e.json"), 2, 2, 9).toString();
    String spec = method + ":" + pattern;
    List<String> capture =
        new ArrayList<>(
            List.of(
                "capture",
                "--model",
                model.toString(),
                "--calibration",
                calibration,
                "--out",
                at("x.safetensors")));
    if (mode.equals("sequential")) {
      capture.addAll(List.of("--calibration-mode", mode, "--weights", spec));
    }
    JsonObject captured = json(capture.toArray(new String[0]));
    assertThat(captured.get("tokens").getAsLong()).isEqualTo(120);
    assertThat(captured.getAsJsonArray("tensors")).hasSize(28);
    assertThat(captured.get("bytes").getAsLong())
        .isEqualTo(folder.resolve("x.safetensors").toFile().length());
    List<String> prune =
        new ArrayList<>(
            List.of(
                "prune",
                "--in",
                model.toString(),
                "--inputs",
                at("x.safetensors"),
                "--method",
                method,
                "--no-recon-error",
                "--out",
                at("o")));
    String[] parts = pattern.split(":", 2);
    prune.addAll(
        parts[0].equals("unstructured")
            ? List.of("--pattern", parts[0], "--sparsity", parts[1])
            : List.of("--pattern", pattern));
    Map<String, String> byFile = digests(json(prune.toArray(new String[0])));
    Map<String, String> byDecoder =
        masks(
            json(
                "eval",
                "--model",
                model.toString(),
                "--ids",
                evaluation,
                "--weights",
                spec,
                "--calibration",
                calibration,
                "--calibration-mode",
                mode));
    assertThat(byFile).hasSize(28).isEqualTo(byDecoder);
  }

  @Test
  void inputsOfALlama2cModelHaveTheNamesOfHuggingFace() throws IOException {
    Path bin = TinyModel.shared("data/stories260K.bin");
    JsonObject golden =
        JsonParser.parseString(Files.readString(TinyModel.shared("fixtures/stories260k.json")))
            .getAsJsonObject();
    Path calibration =
        Files.writeString(folder.resolve("c.json"), golden.get("calibration_ids").toString());
    json(
        "capture",
        "--model",
        bin.toString(),
        "--calibration",
        calibration.toString(),
        "--out",
        at("x.safetensors"));
    DecoderWeights weights = DecoderFiles.open(bin);
    List<Tensor> tensors = new ArrayList<>();
    TensorShapes.of(weights.config())
        .forEach(
            (name, shape) ->
                tensors.add(
                    Tensor.of(
                        name,
                        DType.F32,
                        shape,
                        FloatTensor.encode(
                            name, DType.F32, weights.floats(name).asFloatBuffer()))));
    SafetensorsWriter.write(folder.resolve("w.safetensors"), tensors, Map.of());
    int cases = 0;
    for (JsonElement element : golden.getAsJsonArray("pruning")) {
      JsonObject c = element.getAsJsonObject();
      String[] spec = c.get("spec").getAsString().split(":", 2);
      if (!c.get("calibration_mode").getAsString().equals("dense")) {
        continue;
      }
      String[] parts = spec[1].split(":", 2);
      List<String> prune =
          new ArrayList<>(
              List.of(
                  "prune",
                  "--in",
                  at("w.safetensors"),
                  "--inputs",
                  at("x.safetensors"),
                  "--exclude",
                  "*embed*",
                  "--method",
                  spec[0],
                  "--no-recon-error",
                  "--out",
                  at("o.safetensors")));
      prune.addAll(
          parts[0].equals("unstructured")
              ? List.of("--pattern", parts[0], "--sparsity", parts[1])
              : List.of("--pattern", spec[1]));
      Map<String, String> found = digests(json(prune.toArray(new String[0])));
      assertThat(found.values())
          .as(c.get("spec").getAsString())
          .containsExactlyInAnyOrderElementsOf(
              c.getAsJsonObject("mask_sha256").asMap().values().stream()
                  .map(JsonElement::getAsString)
                  .toList());
      cases++;
    }
    assertThat(cases).isPositive();
  }

  @ParameterizedTest
  @CsvSource({"magnitude, 2:4", "wanda, unstructured", "sparsegpt, 2:4"})
  void dsnotSwapsAsTheLibraryDoes(String method, String pattern) {
    Path model = TinyModel.write(folder.resolve("m"), DType.F32);
    String calibration = TinyModel.ids(folder.resolve("c.json"), 1, 3, 41).toString();
    String x = at("x.safetensors");
    json("capture", "--model", model.toString(), "--calibration", calibration, "--out", x);
    List<String> prune =
        new ArrayList<>(
            List.of(
                "prune",
                "--in",
                model.toString(),
                "--inputs",
                x,
                "--method",
                method,
                "--pattern",
                pattern,
                "--out",
                at("plain")));
    OneShotPlan plan;
    if (pattern.equals("unstructured")) {
      prune.addAll(List.of("--sparsity", "0.5"));
      plan = OneShotPlan.of(OneShotMethod.WANDA, new Pattern.Unstructured(), 0.5);
    } else {
      plan = OneShotPlan.of(OneShotMethod.byLabel(method).orElseThrow(), new Pattern.NM(2, 4), 0);
    }
    Map<String, String> plain = digests(json(prune.toArray(new String[0])));
    prune.set(prune.indexOf(at("plain")), at("refined"));
    prune.addAll(List.of("--refine", "dsnot"));
    Map<String, String> refined = digests(json(prune.toArray(new String[0])));
    assertThat(plain).isNotEqualTo(refined);
    // Three sequences, as capture wrote into the file.
    OneShot library = new OneShot(plan.refinedBy(Dsnot.published(3)));
    SafetensorsFile inputs = SafetensorsFile.open(Path.of(x));
    DecoderWeights weights = DecoderFiles.open(model);
    refined.forEach(
        (name, digest) -> {
          long[] shape = TensorShapes.of(weights.config()).get(name);
          int cols = (int) shape[1];
          LayerStatistics statistics =
              new LayerStatistics(name, cols, LayerStatistics.Contents.GRAM);
          statistics.add(inputs.tensor(name).orElseThrow().data().asFloatBuffer());
          Layer layer =
              Layer.of(name, (int) shape[0], cols, weights.floats(name).asFloatBuffer())
                  .with(statistics);
          assertThat(library.prune(layer).mask().sha256()).as(name).isEqualTo(digest);
        });
    assertThat(run("verify", at("refined/model.safetensors"))).as(err.toString()).isZero();
    prune.set(prune.indexOf(at("refined")), at("other"));
    prune.addAll(List.of("--calibration-sequences", "1"));
    assertThat(digests(json(prune.toArray(new String[0])))).isNotEqualTo(refined);
  }

  @Test
  void inputsThatDoNotSayTheirSequencesNeedThemForDsnot() {
    Path model = TinyModel.write(folder.resolve("m"), DType.F32);
    Tensor x = Tensor.of("a", DType.F32, new long[] {1, 1}, ByteBuffer.allocate(4));
    SafetensorsWriter.write(folder.resolve("x.safetensors"), List.of(x), Map.of());
    assertThat(
            run(
                "prune",
                "--in",
                model.toString(),
                "--inputs",
                at("x.safetensors"),
                "--method",
                "magnitude",
                "--pattern",
                "2:4",
                "--refine",
                "dsnot",
                "--out",
                at("o")))
        .isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0737");
    assertThat(folder.resolve("o")).doesNotExist();
  }

  @Test
  void badInputIsOneMessageAndNothingIsWritten() throws IOException {
    Path model = TinyModel.write(folder.resolve("m"), DType.F32);
    String calibration = TinyModel.ids(folder.resolve("c.json"), 1, 1, 9).toString();
    Path outside = Files.writeString(folder.resolve("outside.json"), "[1, 2, 512, 3]");
    String x = at("x.safetensors");
    refused("FIL-0709", "--model", at("none"), "--calibration", calibration, "--out", x);
    refused("FIL-0404", "--model", model.toString(), "--calibration", at("none"), "--out", x);
    refused("FIL-0714", "--model", model.toString(), "--calibration", "" + outside, "--out", x);
    refused(
        "FIL-0730",
        "--calibration-mode",
        "sequential",
        "--model",
        "m",
        "--calibration",
        "c",
        "--out",
        x);
    refused("FIL-0731", "--weights", "wanda:2:4", "--model", "m", "--calibration", "c", "--out", x);
    refused(
        "FIL-0604", "--calibration-mode", "both", "--model", "m", "--calibration", "c", "--out", x);
    refused(
        "FIL-0403",
        "--model",
        model.toString(),
        "--calibration",
        calibration,
        "--out",
        at("no/x.safetensors"));
    refused(
        "FIL-0434",
        "--model",
        model.toString(),
        "--calibration",
        calibration,
        "--out",
        calibration);
    refused("FIL-0609", "--model", model.toString(), "--out", x);
    try (Stream<Path> there = Files.list(folder)) {
      assertThat(there.map(p -> p.getFileName().toString()))
          .containsExactlyInAnyOrder("m", "c.json", "outside.json");
    }
  }

  private void refused(String tag, String... arguments) {
    List<String> all = new ArrayList<>(List.of("capture"));
    all.addAll(List.of(arguments));
    assertThat(run(all.toArray(new String[0]))).isEqualTo(2);
    assertThat(err.toString()).contains(tag).doesNotContain("\tat ");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void everyProjectionIsThereWithItsWidth() {
    Path model = TinyModel.writeSharded(folder.resolve("m"), DType.BF16);
    String calibration = TinyModel.ids(folder.resolve("c.json"), 3, 2, 140).toString();
    json(
        "capture",
        "--model",
        model.toString(),
        "--calibration",
        calibration,
        "--out",
        at("x.safetensors"));
    SafetensorsFile file = SafetensorsFile.open(folder.resolve("x.safetensors"));
    assertThat(file.metadata()).containsEntry("calibration_mode", "dense");
    assertThat(file.tensors()).hasSize(28);
    assertThat(file.tensor("model.layers.3.mlp.down_proj.weight").orElseThrow().shape())
        .containsExactly(278, 172);
    assertThat(file.tensor("model.layers.0.self_attn.q_proj.weight").orElseThrow().data())
        .isEqualTo(file.tensor("model.layers.0.self_attn.v_proj.weight").orElseThrow().data());
  }
}
