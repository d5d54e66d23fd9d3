package dev.filigree.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.filigree.agent.FiligreeAgent;
import dev.filigree.djl.LayerSummary;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The whole demo on few images: what it claims must be so, whatever the accuracy. */
final class DemoIT {
  private static final long DENSE_BYTES =
      4L * (784 * 2048 + 2048 * 1024 + 1024 * 512 + 512 * 10 + 2048 + 1024 + 512 + 10);
  private static final int WIDE_KEPT = 784 - 627; // floor(784 * 0.8) removed
  private static final List<String> TASKS = new ArrayList<>();
  private static DemoResult result;

  @BeforeAll
  static void run() {
    FiligreeAgent.attach();
    result =
        Demo.run(
            new Demo.Options(Optional.empty(), 1, 1),
            new Demo.Budget(DigitData.VALIDATION + 600, 300, 2),
            (task, done, total) -> {
              assertThat(done).isBetween(0L, total);
              if (done == total) {
                TASKS.add(task);
              }
            });
  }

  @Test
  void layersAreExactlyAsSparseAsDeclared() {
    assertThat(layer("wide").sparsity()).isEqualTo(627 / 784.0);
    assertThat(layer("next").sparsity()).isEqualTo(0.5);
    assertThat(layer("third").activationSparsity()).isBetween(0.2, 0.9);
    assertThat(layer("head").plan()).isEmpty();
  }

  @Test
  void packedScoresAreTheUnpackedScores() {
    assertThat(result.worstError()).isLessThan(1e-4);
  }

  @Test
  void filesAreAsLargeAsTheirFormatsSay() {
    long expected =
        4L * 2048 * WIDE_KEPT
            + 2048 * 784 / 8
            + 4L * 1024 * 1024
            + 1024 * 2048 / 8
            + 4L * (1024 * 512 + 512 * 10 + 2048 + 1024 + 512 + 10);
    assertThat(result.sparse().bytes() / (double) expected).isCloseTo(1, within(0.03));
    assertThat(result.denseJava().bytes() / (double) DENSE_BYTES).isCloseTo(1, within(0.03));
    assertThat(result.dense().bytes() / (double) DENSE_BYTES).isCloseTo(1, within(0.03));
  }

  @Test
  void ownDenseKernelsGiveTheSameAnswers() {
    assertThat(result.denseJava().accuracy()).isCloseTo(result.dense().accuracy(), within(0.01));
  }

  @Test
  void everyTaskEnds() {
    assertThat(TASKS)
        .contains("images", "training dense", "training sparse", "training random mask")
        .contains("calibrating and packing", "timing batch 1", "timing batch 64", "accuracy");
  }

  @Test
  void sparsityRisesWhileTraining() {
    assertThat(result.curves()).hasSize(3);
    assertThat(result.curves().get(0).points()).allMatch(p -> p.sparsity() < 0.01);
    assertThat(result.curves().get(1).points()).isNotEmpty();
  }

  @Test
  void jsonHasTheFieldsOfTheContract() {
    JsonObject json = JsonParser.parseString(result.json()).getAsJsonObject();
    for (String side : List.of("dense", "dense_java", "sparse")) {
      JsonObject one = json.getAsJsonObject(side);
      assertThat(one.get("accuracy").getAsDouble()).isBetween(0.0, 1.0);
      assertThat(one.get("bytes").getAsLong()).isPositive();
      assertThat(one.get("latency_us").getAsDouble()).isPositive();
      assertThat(one.get("latency_us_batch64").getAsDouble()).isPositive();
    }
    assertThat(json.getAsJsonObject("random_mask").get("accuracy").getAsDouble())
        .isBetween(0.0, 1.0);
    List<String> names = new ArrayList<>();
    for (JsonElement layer : json.getAsJsonArray("layers")) {
      names.add(layer.getAsJsonObject().get("name").getAsString());
      assertThat(layer.getAsJsonObject().keySet())
          .contains("name", "pattern", "sparsity", "format", "ratio", "skipped_reason");
    }
    assertThat(names).containsExactly("wide", "next", "third", "head");
  }

  @Test
  void theReportIsWhole() {
    assertThat(result.html())
        .startsWith("<!doctype html>")
        .contains("DJL dense", "Filigree dense", "Filigree sparse", "unstructured 0.8", "2:4")
        .endsWith("</html>\n");
    assertThat(result.text()).contains("Batch 1: ", "Batch 64: ", "Accuracy: ", "Size: ");
  }

  private static LayerSummary layer(String name) {
    return result.layers().stream().filter(l -> l.path().equals(name)).findFirst().orElseThrow();
  }
}
