package dev.filigree.cli.regret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.filigree.cli.bench.LayerSpec;
import dev.filigree.gate.Ratio;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The arithmetic of regret on timings that are made up. */
final class RegretResultTest {
  private static final LayerSpec LAYER =
      LayerSpec.of(
          new LayerSpec.Arguments(
              "linear", 8, 16, 4, "unstructured", 0.5, 0, "auto", "f32", "cold", 0));

  private static Outcome outcome(String chosen, Map<String, Double> ratios) {
    Map<String, Ratio> second = new LinkedHashMap<>();
    ratios.forEach((form, r) -> second.put(form, new Ratio(r, r, r, r, 9)));
    return new Outcome(LAYER, new GateChoice(chosen, 1, 0), second, 100);
  }

  @Test
  void theBestHasNoRegret() {
    Outcome o = outcome("csr", Map.of("csr", 2.0, "sell", 1.5, "dense-java", 1.1));
    assertThat(o.best()).isEqualTo("csr");
    assertThat(o.regret()).isZero();
  }

  @Test
  void regretIsTheExtraTimeOfTheChoice() {
    // DJL takes 100 us; sell takes 80, csr 50: sell takes 60 % longer than the best.
    Outcome o = outcome("sell", Map.of("csr", 2.0, "sell", 1.25));
    assertThat(o.best()).isEqualTo("csr");
    assertThat(o.regret()).isCloseTo(0.6, within(1e-12));
  }

  @Test
  void djlCountsAmongTheFormsOnBothSides() {
    assertThat(outcome("dense", Map.of("csr", 0.8)).regret()).isZero();
    assertThat(outcome("dense", Map.of("csr", 1.3)).regret()).isCloseTo(0.3, within(1e-12));
    Outcome wrong = outcome("csr", Map.of("csr", 0.8));
    assertThat(wrong.best()).isEqualTo("dense");
    assertThat(wrong.regret()).isCloseTo(0.25, within(1e-12));
  }

  @Test
  void ourDenseIsAFormButNotASparseOne() {
    Outcome o = outcome("dense-java", Map.of("csr", 1.2, "dense-java", 1.4));
    assertThat(o.best()).isEqualTo("dense-java");
    assertThat(o.bestSparseRatio()).isEqualTo(1.2);
    assertThat(o.leavesDjl()).isTrue();
    assertThat(outcome("dense", Map.of("dense-java", 1.4)).bestSparseRatio()).isZero();
  }

  @Test
  void summaryCountsSlowerAndMissedLayers() {
    RegretResult r =
        new RegretResult(
            List.of(
                outcome("csr", Map.of("csr", 0.96)), // chosen, but slower
                outcome("csr", Map.of("csr", 0.97)), // not below the border
                outcome("dense", Map.of("csr", 1.1)), // clear, and missed
                outcome("csr", Map.of("csr", 1.1)),
                outcome("dense-java", Map.of("csr", 1.5, "dense-java", 1.5)),
                outcome("dense", Map.of("csr", 1.09))), // not clear
            1);
    assertThat(r.leaving()).hasSize(4);
    assertThat(r.slower()).containsExactly(r.outcomes().get(0));
    assertThat(r.clear()).hasSize(3);
    assertThat(r.clearShare()).isCloseTo(2 / 3.0, within(1e-12));
    double sum = (1 / 0.96 - 1) + (1 / 0.97 - 1) + 0.1 + 0 + 0 + 0.09;
    assertThat(r.meanRegret()).isCloseTo(sum / 6, within(1e-12));
  }

  @Test
  void nothingClearIsNothingMissed() {
    assertThat(new RegretResult(List.of(outcome("dense", Map.of("csr", 0.5))), 1).clearShare())
        .isEqualTo(1);
    assertThatThrownBy(() -> new RegretResult(List.of(), 1)).hasMessageContaining("no layer");
  }

  @Test
  void textAndJsonSayTheSame() {
    RegretResult r =
        new RegretResult(
            List.of(
                outcome("sell", Map.of("csr", 2.0, "sell", 1.25)),
                outcome("csr", Map.of("csr", 0.5))),
            12);
    assertThat(r.text())
        .contains("8 x 16")
        .contains("60.0 %")
        .contains("1 of the 2 layers that left DJL are below 0.97")
        .contains("less 1: 80.0 %");
    JsonObject json = JsonParser.parseString(r.json()).getAsJsonObject();
    assertThat(json.get("mean_regret").getAsDouble()).isCloseTo(0.8, within(1e-12));
    assertThat(json.get("below").getAsInt()).isEqualTo(1);
    JsonObject first = json.getAsJsonArray("layers").get(0).getAsJsonObject();
    assertThat(first.get("best").getAsString()).isEqualTo("csr");
    assertThat(first.getAsJsonObject("ratios").get("sell").getAsDouble()).isEqualTo(1.25);
  }
}
