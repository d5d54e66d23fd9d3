package dev.filigree.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.decoder.load.ConfigJson;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.file.DType;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.SafetensorsWriter;
import dev.filigree.file.Tensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is wrong with a model, its tokenizer or its input is one line with one tag. */
final class BadModelTest {
  private static final String UP = "model.layers.0.mlp.up_proj.weight";

  @TempDir private Path folder;

  private void refused(String message, String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    assertThat(status).as(err.toString()).isEqualTo(2);
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString()).startsWith("FIL-").contains(message);
  }

  private String file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text).toString();
  }

  private String model(String name, Consumer<Map<String, float[]>> change) throws IOException {
    DecoderWeights weights = TinyModel.weights();
    Map<String, long[]> shapes = TensorShapes.of(weights.config());
    Map<String, float[]> values = new LinkedHashMap<>();
    for (String tensor : shapes.keySet()) {
      FloatBuffer floats = weights.floats(tensor).asFloatBuffer();
      float[] copy = new float[floats.remaining()];
      floats.get(copy);
      values.put(tensor, copy);
    }
    change.accept(values);
    List<Tensor> tensors = new ArrayList<>();
    values.forEach(
        (tensor, floats) -> {
          long[] shape = shapes.get(tensor);
          int columns = shape == null || shape.length == 1 ? 1 : (int) shape[1];
          tensors.add(
              Tensor.of(
                  tensor,
                  DType.F32,
                  columns == 1
                      ? new long[] {floats.length}
                      : new long[] {floats.length / columns, columns},
                  FloatTensor.encode(tensor, DType.F32, FloatBuffer.wrap(floats))));
        });
    Path target = Files.createDirectories(folder.resolve(name));
    SafetensorsWriter.write(target.resolve("model.safetensors"), tensors, Map.of());
    Files.writeString(target.resolve("config.json"), ConfigJson.text(weights.config()));
    return target.toString();
  }

  @Test
  void tensors() throws IOException {
    String ids = file("ids.json", "[1, 5, 9]");
    Map<String, String> models =
        Map.of(
            "FIL-0704", model("missing", v -> v.remove(UP)),
            "FIL-0706", model("extra", v -> v.put("more.weight", new float[4])),
            "FIL-0705", model("shape", v -> v.put(UP, new float[64])),
            "FIL-0712", model("nan", v -> v.get(UP)[3] = Float.NaN),
            "FIL-0707", Files.createDirectories(folder.resolve("empty")).toString());
    models.forEach(
        (tag, model) -> {
          refused(tag, "generate", "--model", model, "--ids", ids, "--steps", "2");
          refused(tag, "eval", "--model", model, "--ids", ids);
        });
  }

  @Test
  void idsAndTexts() throws IOException {
    String model = model("right", v -> {});
    Map<String, String> inputs =
        Map.of(
            "[]",
            "FIL-0720",
            "[1, 2",
            "it ends in the middle at line 1, column 6",
            "{\"a\": 1}",
            "it is {\"a\":1}, no array",
            "[1, \"a\"]",
            "\"a\", which is no id",
            "[".repeat(300) + "]".repeat(300),
            "it is nested more than 255 levels deep",
            "[1, 512]",
            "FIL-0714",
            "[1, -1]",
            "FIL-0714");
    int number = 0;
    for (Map.Entry<String, String> input : inputs.entrySet()) {
      String ids = file("ids" + number++ + ".json", input.getKey());
      refused(input.getValue(), "generate", "--model", model, "--ids", ids, "--steps", "2");
    }
    String tooLong = file("long.json", List.of(1).toString().replace("1", "1, ".repeat(600) + "1"));
    refused("FIL-0713", "generate", "--model", model, "--ids", tooLong, "--steps", "2");
    Path latin = folder.resolve("latin.txt");
    Files.write(latin, "caf\u00e9".getBytes(StandardCharsets.ISO_8859_1));
    refused(
        "it is not UTF-8", "generate", "--model", model, "--ids", latin.toString(), "--steps", "2");
    String tokenizer =
        file("tokenizer.json", "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":600}}}");
    refused(
        "FIL-0711",
        "generate",
        "--model",
        model,
        "--tokenizer",
        tokenizer,
        "--prompt",
        "a",
        "--steps",
        "2");
    refused(
        "FIL-0864", "eval", "--model", model, "--tokenizer", tokenizer, "--text", latin.toString());
  }
}
