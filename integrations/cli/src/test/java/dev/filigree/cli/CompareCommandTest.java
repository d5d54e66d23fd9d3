package dev.filigree.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.filigree.file.DType;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code compare} on a small model: what it counts and refuses; how fast it is says a benchmark.
 */
final class CompareCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  @TempDir private Path folder;

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }

  private void refused(String tag, String... arguments) {
    assertThat(run(arguments)).isEqualTo(2);
    assertThat(err.toString()).contains(tag).doesNotContain("\tat ");
    assertThat(out.toString()).isEmpty();
  }

  private static JsonObject row(JsonObject result, int index) {
    return result.getAsJsonArray("settings").get(index).getAsJsonObject();
  }

  private static long bytes(JsonObject row, String which) {
    return row.getAsJsonObject("weight_bytes_per_token").get(which).getAsLong();
  }

  @Test
  void everySettingIsComparedWithTheFirstAndWithDenseOfItsType() {
    String settings = "f32,f32+topk:0.5,int8,int8+teal:0.5,bf16+cats:0.5";
    String[] arguments = {
      "compare", "--random-model", "tiny", "--settings", settings, "--steps", "32", "--json", "-"
    };
    assertThat(run(arguments)).as(err.toString()).isZero();
    JsonObject result = JsonParser.parseString(out.toString()).getAsJsonObject();
    assertThat(result.getAsJsonArray("settings")).hasSize(5);
    for (int i = 0; i < 5; i++) {
      assertThat(row(result, i).get("tokens_per_s").getAsDouble()).isPositive();
      assertThat(row(result, i).get("prefill_tokens_per_s").getAsDouble()).isPositive();
      assertThat(row(result, i).getAsJsonObject("to_first").get("rounds").getAsInt()).isEqualTo(4);
    }
    assertThat(row(result, 0).getAsJsonObject("to_first").get("median").getAsDouble()).isOne();
    assertThat(row(result, 1).get("dense").getAsString()).isEqualTo("f32");
    assertThat(row(result, 3).get("dense").getAsString()).isEqualTo("int8");
    assertThat(row(result, 4).has("dense") && !row(result, 4).get("dense").isJsonNull()).isFalse();
    assertThat(bytes(row(result, 0), "realised")).isEqualTo(bytes(row(result, 0), "dense"));
    // The head is read whole, the projections by half.
    assertThat(bytes(row(result, 1), "realised")).isLessThan(bytes(row(result, 1), "dense"));
    assertThat(bytes(row(result, 2), "dense")).isLessThan(bytes(row(result, 0), "dense") / 3);
    assertThat(bytes(row(result, 3), "realised")).isLessThan(bytes(row(result, 3), "dense"));
  }

  @Test
  void theTableNamesEverySetting() {
    String[] arguments = {
      "compare", "--random-model", "tiny", "--settings", "int8,int8+wina:0.5", "--steps", "24"
    };
    assertThat(run(arguments)).as(err.toString()).isZero();
    assertThat(out.toString())
        .contains("3 rounds of 8 tokens", "to dense of its type", "\nint8 ", "\nint8+wina:0.5 ")
        .contains("plain read of memory");
  }

  @Test
  void whatCannotBeComparedIsRefused() {
    String model = TinyModel.write(folder.resolve("model"), DType.F32).toString();
    refused("FIL-0721", "compare");
    refused("FIL-0721", "compare", "--model", model, "--random-model", "tiny");
    refused("FIL-0604", "compare", "--random-model", "tiny", "--settings", "f64");
    refused("FIL-0604", "compare", "--random-model", "tiny", "--settings", "f32+teal");
    refused("FIL-0604", "compare", "--random-model", "tiny", "--settings", "f32,f32");
    refused("FIL-0604", "compare", "--random-model", "tiny", "--steps", "8");
    refused("FIL-0604", "compare", "--random-model", "tiny", "--prompt-tokens", "0");
    refused("FIL-0713", "compare", "--random-model", "tiny", "--steps", "4096");
    refused("FIL-0719", "compare", "--model", model, "--settings", "f32,f32+teal:0.5");
  }
}
