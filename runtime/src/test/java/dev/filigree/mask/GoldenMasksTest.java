package dev.filigree.mask;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Scope;
import dev.filigree.criterion.Criteria;
import dev.filigree.plan.Pattern;
import dev.filigree.testing.Fixtures;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class GoldenMasksTest {
  @Test
  void magnitudeAndWandaMasksAreTheGoldenOnes() throws Exception {
    JsonObject fixture = Fixtures.read("masks_64x128.json");
    FloatBuffer w = Fixtures.matrix(fixture.getAsJsonArray("W"));
    double[] norms = Fixtures.doubles(fixture.getAsJsonArray("wanda_norm_l2"));
    int checked = 0;
    for (JsonElement element : fixture.getAsJsonArray("cases")) {
      JsonObject c = element.getAsJsonObject();
      String method = c.get("method").getAsString();
      if (method.equals("sparsegpt")) {
        continue;
      }
      double[] scores = Criteria.scores(Criterion.MAGNITUDE, w, 64, 128, 0, "w");
      if (method.equals("wanda")) {
        for (int i = 0; i < scores.length; i++) {
          scores[i] *= norms[i % 128];
        }
      }
      Mask mask = select(c.getAsJsonObject("cli"), scores);
      assertThat(rows(mask))
          .as(c.get("pattern").getAsString())
          .isEqualTo(rows(c.getAsJsonArray("mask")));
      assertThat(mask.sha256()).isEqualTo(c.get("mask_sha256").getAsString());
      assertThat(mask.keptCount()).isEqualTo(c.get("kept").getAsLong());
      assertThat(dataDigest(mask, w)).isEqualTo(c.get("data_sha256").getAsString());
      checked++;
    }
    assertThat(checked).isEqualTo(21);
  }

  private static Mask select(JsonObject cli, double[] scores) {
    String pattern = cli.get("pattern").getAsString();
    if (pattern.equals("unstructured")) {
      Scope scope = Scope.valueOf(cli.get("scope").getAsString().toUpperCase(Locale.ROOT));
      return MaskSelection.select(
          MaskSelectionTest.plan(new Pattern.Unstructured(), scope),
          cli.get("sparsity").getAsDouble(),
          scores,
          64,
          128);
    }
    int colon = pattern.indexOf(':');
    int n = Integer.parseInt(pattern.substring(0, colon));
    int m = Integer.parseInt(pattern.substring(colon + 1));
    return MaskSelection.select(
        MaskSelectionTest.plan(new Pattern.NM(n, m), Scope.ROW),
        1 - n / (double) m,
        scores,
        64,
        128);
  }

  private static String rows(Mask mask) {
    StringBuilder text = new StringBuilder();
    for (int r = 0; r < mask.rows(); r++) {
      for (int c = 0; c < mask.cols(); c++) {
        text.append(mask.kept(r, c) ? '1' : '0');
      }
      text.append('\n');
    }
    return text.toString();
  }

  private static String rows(JsonArray mask) {
    StringBuilder text = new StringBuilder();
    mask.forEach(row -> text.append(row.getAsString()).append('\n'));
    return text.toString();
  }

  private static String dataDigest(Mask mask, FloatBuffer w) throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(4 * w.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(w.duplicate());
    mask.apply(bytes.asFloatBuffer());
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
  }
}
