package dev.filigree.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Keys and numbers as programs expect them. */
final class JsonTest {
  private record Sample(double latencyUs, double latencyUsBatch64, String name, List<Double> all) {}

  @Test
  void keysAreSnakeCaseAndNumbersFinite() {
    String text =
        Json.text(new Sample(1.5, Double.NaN, null, List.of(1.0, Double.NEGATIVE_INFINITY)));
    JsonObject json = JsonParser.parseString(text).getAsJsonObject();
    assertThat(json.keySet()).containsExactly("latency_us", "latency_us_batch64", "name", "all");
    assertThat(json.get("latency_us").getAsDouble()).isEqualTo(1.5);
    assertThat(json.get("latency_us_batch64").isJsonNull()).isTrue();
    assertThat(json.get("name").isJsonNull()).isTrue();
    assertThat(json.getAsJsonArray("all").get(1).isJsonNull()).isTrue();
    assertThat(text).endsWith("}\n");
  }
}
