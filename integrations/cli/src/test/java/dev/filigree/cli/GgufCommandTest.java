package dev.filigree.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.filigree.file.DType;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every command that takes a language model, on a GGUF file and on the same as a directory. */
final class GgufCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  @TempDir private Path folder;
  private String gguf;
  private String directory;
  private String ids;

  @BeforeEach
  void files() {
    gguf = TinyGguf.write(folder.resolve("m.gguf")).toString();
    directory = TinyModel.write(folder.resolve("m"), DType.F32).toString();
    ids = TinyModel.ids(folder.resolve("ids.json"), 6, 1, 20).toString();
  }

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }

  private JsonObject json(String... arguments) {
    assertThat(run(arguments)).as(err.toString()).isZero();
    return JsonParser.parseString(out.toString()).getAsJsonObject();
  }

  private List<Integer> generated(String model) {
    JsonObject result =
        json("generate", "--model", model, "--ids", ids, "--steps", "12", "--json", "-");
    return result.getAsJsonArray("ids").asList().stream().map(JsonElement::getAsInt).toList();
  }

  @Test
  void generateAndEvalAreThoseOfTheDirectory() {
    assertThat(generated(gguf)).isEqualTo(generated(directory)).isNotEmpty();
    double[] loss = new double[2];
    for (int i = 0; i < 2; i++) {
      String model = i == 0 ? gguf : directory;
      loss[i] =
          json("eval", "--model", model, "--ids", ids, "--json", "-").get("nll").getAsDouble();
    }
    assertThat(loss[0]).isEqualTo(loss[1]);
  }

  @Test
  void aPromptIsEncodedByTheTokenizerOfTheFile() {
    JsonObject result =
        json("generate", "--model", gguf, "--prompt", "ab", "--steps", "5", "--json", "-");
    // BOS, a space, two letters.
    assertThat(result.get("prompt_tokens").getAsInt()).isEqualTo(4);
    assertThat(result.get("text").isJsonPrimitive()).isTrue();
    // The tokenizer of a file serves another model, too.
    JsonObject other =
        json(
            "generate",
            "--model",
            directory,
            "--tokenizer",
            gguf,
            "--prompt",
            "ab",
            "--steps",
            "5",
            "--json",
            "-");
    assertThat(other.get("text")).isEqualTo(result.get("text"));
  }

  @Test
  void aPackedDirectoryHasItsTokenizer() throws IOException {
    String packed = folder.resolve("p").toString();
    assertThat(run("compress", "--model", gguf, "--weights", "magnitude:2:4", "--out", packed))
        .as(err.toString())
        .isZero();
    assertThat(err.toString()).doesNotContain("FIL-0735");
    String[] prompt = {"--prompt", "abc", "--steps", "8", "--json", "-"};
    JsonObject fromFile =
        json(concat(prompt, "generate", "--model", gguf, "--weights", "magnitude:2:4"));
    JsonObject fromPacked = json(concat(prompt, "generate", "--model", packed));
    assertThat(fromPacked.get("ids")).isEqualTo(fromFile.get("ids"));
    assertThat(fromPacked.get("text")).isEqualTo(fromFile.get("text"));
    assertThat(run("verify", packed)).isZero();
  }

  private static String[] concat(String[] last, String... first) {
    String[] all = Arrays.copyOf(first, first.length + last.length);
    System.arraycopy(last, 0, all, first.length, last.length);
    return all;
  }

  @Test
  void captureIsThatOfTheDirectory() throws IOException {
    Path a = folder.resolve("a.safetensors");
    Path b = folder.resolve("b.safetensors");
    assertThat(run("capture", "--model", gguf, "--calibration", ids, "--out", a.toString()))
        .as(err.toString())
        .isZero();
    assertThat(run("capture", "--model", directory, "--calibration", ids, "--out", b.toString()))
        .isZero();
    assertThat(Files.mismatch(a, b)).isEqualTo(-1);
  }

  @Test
  void aFileThatIsCutShortIsNamed() throws IOException {
    byte[] all = Files.readAllBytes(Path.of(gguf));
    Path cut = Files.write(folder.resolve("cut.gguf"), Arrays.copyOf(all, 9000));
    for (String command : List.of("generate", "eval")) {
      String[] arguments = {command, "--model", cut.toString(), "--ids", ids};
      int code =
          command.equals("eval")
              ? run(arguments)
              : run(concat(new String[] {"--steps", "1"}, arguments));
      assertThat(code).isEqualTo(2);
      assertThat(err.toString()).contains("FIL-0820", "cut.gguf").doesNotContain("\tat ");
    }
  }
}
