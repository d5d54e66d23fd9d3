package dev.filigree.criterion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.filigree.annotations.Scope;
import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.kernel.Workers;
import dev.filigree.plan.Pattern;
import dev.filigree.testing.Fixtures;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** All cases of the fixture, from weights and inputs to masks and weights, on 1 to 3 threads. */
final class GoldenOneShotTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void everyMaskAndEveryUpdatedWeightIsTheGoldenOne(int threads) throws Exception {
    JsonObject fixture = Fixtures.read("masks_64x128.json");
    FloatBuffer w = Fixtures.matrix(fixture.getAsJsonArray("W"));
    FloatBuffer x = Fixtures.matrix(fixture.getAsJsonArray("X"));
    int checked = 0;
    try (Workers workers = new Workers(threads)) {
      LayerStatistics statistics =
          new LayerStatistics("w", 128, LayerStatistics.Contents.GRAM, workers);
      int from = 0;
      for (JsonElement batch : fixture.getAsJsonArray("wanda_batches")) {
        statistics.add(x.slice(from, batch.getAsInt() * 128));
        from += batch.getAsInt() * 128;
      }
      double[] norms = Fixtures.doubles(fixture.getAsJsonArray("wanda_norm_l2"));
      for (int j = 0; j < 128; j++) {
        assertThat(statistics.norms()[j]).isCloseTo(norms[j], within(1e-12 * norms[j]));
      }
      Layer layer = Layer.of("w", 64, 128, w).with(statistics);
      for (JsonElement element : fixture.getAsJsonArray("cases")) {
        check(element.getAsJsonObject(), layer, workers);
        checked++;
      }
    }
    assertThat(checked).isEqualTo(22);
  }

  private static void check(JsonObject c, Layer layer, Workers workers) throws Exception {
    OneShotPlan plan = plan(c.getAsJsonObject("cli"));
    String what = plan.method().label() + " " + c.get("pattern").getAsString();
    Pruned pruned = new OneShot(plan, workers).prune(layer);
    assertThat(pruned.warnings()).as(what).isEmpty();
    assertThat(pruned.mask().sha256()).as(what).isEqualTo(c.get("mask_sha256").getAsString());
    assertThat(pruned.mask().keptCount()).as(what).isEqualTo(c.get("kept").getAsLong());
    double error = c.get("recon_error").getAsDouble();
    assertThat(ReconstructionError.of(layer, pruned.weights(), workers))
        .as(what)
        .isCloseTo(error, within(1e-6 * error));
    if (c.has("data_sha256")) {
      assertThat(digest(pruned.weights())).isEqualTo(c.get("data_sha256").getAsString());
    } else {
      FloatBuffer golden = Fixtures.matrix(c.getAsJsonArray("weights"));
      for (int i = 0; i < golden.capacity(); i++) {
        assertThat(pruned.weights().get(i)).isCloseTo(golden.get(i), within(1e-6f));
      }
    }
    assertThat(pruned.mask().violations(pruned.weights())).isZero();
  }

  private static OneShotPlan plan(JsonObject cli) {
    OneShotMethod method = OneShotMethod.byLabel(cli.get("method").getAsString()).orElseThrow();
    String pattern = cli.get("pattern").getAsString();
    if (pattern.equals("unstructured")) {
      return OneShotPlan.of(method, new Pattern.Unstructured(), cli.get("sparsity").getAsDouble())
          .withScope(Scope.valueOf(cli.get("scope").getAsString().toUpperCase(Locale.ROOT)));
    }
    int colon = pattern.indexOf(':');
    return OneShotPlan.of(
        method,
        new Pattern.NM(
            Integer.parseInt(pattern.substring(0, colon)),
            Integer.parseInt(pattern.substring(colon + 1))),
        0);
  }

  private static String digest(FloatBuffer w) throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(4 * w.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(w.duplicate());
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
  }
}
