package dev.filigree.gate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LayoutChoiceTest {
  private static final String DJL = "djl";

  private static Map<Integer, Map<String, Double>> times(double csr64) {
    Map<Integer, Map<String, Double>> micros = new LinkedHashMap<>();
    micros.put(1, Map.of(DJL, 100.0, "sell", 40.0, "csr", 50.0));
    micros.put(64, Map.of(DJL, 1000.0, "sell", 1500.0, "csr", csr64));
    return micros;
  }

  @Test
  void withMemoryEveryBatchHasItsFastest() {
    assertThat(LayoutChoice.choose(times(500), DJL, true))
        .containsExactly(Map.entry(1, "sell"), Map.entry(64, "csr"));
  }

  @Test
  void oneFormIsTheBestOverAllBatches() {
    assertThat(LayoutChoice.choose(times(500), DJL, false))
        .containsExactly(Map.entry(1, "csr"), Map.entry(64, "csr"));
  }

  @Test
  void whereTheOneFormIsSlowerTheLayerAnswersAsItIs() {
    assertThat(LayoutChoice.choose(times(990), DJL, false))
        .containsExactly(Map.entry(1, "sell"), Map.entry(64, DJL));
  }

  @Test
  void nothingIsPackedWhereNothingIsFaster() {
    Map<Integer, Map<String, Double>> micros = Map.of(1, Map.of(DJL, 10.0, "csr", 10.0));
    assertThat(LayoutChoice.choose(micros, DJL, false)).containsExactly(Map.entry(1, DJL));
    assertThat(LayoutChoice.choose(micros, DJL, true)).containsExactly(Map.entry(1, DJL));
  }
}
