package dev.filigree.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.filigree.file.DType;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code generate} on a small model with random weights. */
final class GenerateCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  @TempDir private Path folder;

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }

  private JsonObject generate(String... arguments) {
    List<String> all = new ArrayList<>(List.of("generate"));
    all.addAll(List.of(arguments));
    all.addAll(List.of("--json", "-"));
    assertThat(run(all.toArray(new String[0]))).as(err.toString()).isZero();
    return JsonParser.parseString(out.toString()).getAsJsonObject();
  }

  private static List<Integer> ids(JsonObject result) {
    return result.getAsJsonArray("ids").asList().stream().map(JsonElement::getAsInt).toList();
  }

  private String written(String name, String text) {
    try {
      return Files.writeString(folder.resolve(name), text).toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void refused(String tag, String... arguments) {
    assertThat(run(arguments)).isEqualTo(2);
    assertThat(err.toString()).contains(tag).doesNotContain("\tat ");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void aDirectoryGoesOnAsItsWeightsInMemoryDo() {
    String prompt = TinyModel.ids(folder.resolve("prompt.json"), 6, 1, 9).toString();
    String model = TinyModel.write(folder.resolve("model"), DType.F32).toString();
    JsonObject random =
        generate(
            "--random-model",
            "tiny",
            "--seed",
            "" + TinyModel.SEED,
            "--ids",
            prompt,
            "--steps",
            "12");
    JsonObject read = generate("--model", model, "--ids", prompt, "--steps", "12");
    assertThat(ids(read)).isEqualTo(ids(random)).isNotEmpty();
    assertThat(random.get("prompt_tokens").getAsInt()).isEqualTo(9);
    // Only speed measurements are warmed up.
    assertThat(random.get("warm_up_seconds").getAsDouble()).isPositive();
    assertThat(read.has("warm_up_seconds") && !read.get("warm_up_seconds").isJsonNull()).isFalse();
    assertThat(err.toString()).contains("tokens per second", "weights read per token");
    assertThat(err.toString()).doesNotContain("warm-up");
  }

  @Test
  void skippedInputsAreNotRead() {
    String prompt = TinyModel.ids(folder.resolve("prompt.json"), 6, 1, 9).toString();
    JsonObject half =
        generate(
            "--random-model", "tiny", "--ids", prompt, "--steps", "20", "--activation", "topk:0.5");
    JsonObject bytes = half.getAsJsonObject("weight_bytes_per_token");
    assertThat(bytes.get("realised").getAsLong()).isLessThan(bytes.get("dense").getAsLong());
    assertThat(half.get("activation_sparsity").getAsDouble()).isBetween(0.49, 0.51);
  }

  @Test
  void aSeedDrawsTheSameIds() {
    String prompt = TinyModel.ids(folder.resolve("prompt.json"), 6, 1, 4).toString();
    String model = TinyModel.write(folder.resolve("model"), DType.F32).toString();
    String[] drawn = {
      "--model", model, "--ids", prompt, "--steps", "20", "--temperature", "1", "--seed", "8"
    };
    List<Integer> first = ids(generate(drawn));
    assertThat(ids(generate(drawn))).isEqualTo(first);
    drawn[drawn.length - 1] = "9";
    assertThat(ids(generate(drawn))).isNotEqualTo(first);
  }

  @Test
  void badInputIsNamed() {
    String two = TinyModel.ids(folder.resolve("two.json"), 6, 2, 4).toString();
    String one = TinyModel.ids(folder.resolve("one.json"), 6, 1, 4).toString();
    String wide = TinyModel.ids(folder.resolve("wide.json"), 6, 1, 600).toString();
    refused("FIL-0720", "generate", "--random-model", "tiny", "--ids", two, "--steps", "2");
    refused("FIL-0713", "generate", "--random-model", "tiny", "--ids", wide, "--steps", "2");
    String fraction = written("fraction.json", "[1, 2.5]");
    refused("FIL-0720", "generate", "--random-model", "tiny", "--ids", fraction, "--steps", "2");
    assertThat(err.toString()).contains("2.5, which is no id");
    refused("FIL-0604", "generate", "--random-model", "tiny", "--ids", one, "--steps", "0");
    refused("FIL-0708", "generate", "--random-model", "huge", "--ids", one, "--steps", "2");
    refused("FIL-0721", "generate", "--ids", one, "--steps", "2");
    refused(
        "FIL-0725",
        "generate",
        "--random-model",
        "tiny",
        "--ids",
        one,
        "--prompt",
        "a",
        "--steps",
        "2");
    refused("FIL-0723", "generate", "--random-model", "tiny", "--prompt", "a", "--steps", "2");
  }
}
