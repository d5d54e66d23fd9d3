package dev.filigree.calibrate;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.filigree.plan.SparsityCount;
import dev.filigree.testing.Fixtures;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class GoldenActivationsTest {
  private static final int IN = 64;
  private static final int HIDDEN = 172;
  private static final int TOKENS = 96;

  private final JsonObject fixture = Fixtures.read("activation_mlp_64_172.json");
  private final FloatBuffer x = Fixtures.matrix(fixture.getAsJsonArray("X"));
  private final FloatBuffer gate = Fixtures.matrix(fixture.getAsJsonArray("Wgate"));
  private final FloatBuffer up = Fixtures.matrix(fixture.getAsJsonArray("Wup"));

  private static double dot(FloatBuffer w, int row, FloatBuffer x, int token, boolean[] active) {
    double sum = 0;
    for (int i = 0; i < IN; i++) {
      if (active[i]) {
        sum += (double) w.get(row * IN + i) * x.get(token * IN + i);
      }
    }
    return sum;
  }

  private static double silu(double v) {
    return v / (1 + Math.exp(-v));
  }

  private static boolean[] everything() {
    boolean[] all = new boolean[IN];
    Arrays.fill(all, true);
    return all;
  }

  private static boolean[] flags(int[] active, int count, int n) {
    boolean[] flags = new boolean[n];
    for (int i = 0; i < count; i++) {
      flags[active[i]] = true;
    }
    return flags;
  }

  private static String text(boolean[] kept) {
    StringBuilder text = new StringBuilder();
    for (boolean k : kept) {
      text.append(k ? '1' : '0');
    }
    return text.toString();
  }

  @Test
  void winaMasks() {
    JsonObject wina = fixture.getAsJsonObject("wina");
    double[] gateNorms = Fixtures.doubles(wina.getAsJsonArray("col_norm_gate"));
    double[] upNorms = Fixtures.doubles(wina.getAsJsonArray("col_norm_up"));
    double[] downNorms = Fixtures.doubles(wina.getAsJsonArray("col_norm_down"));
    ActiveInputs inputs = new ActiveInputs(HIDDEN);
    for (JsonElement element : wina.getAsJsonArray("cases")) {
      JsonObject c = element.getAsJsonObject();
      double s = c.get("sparsity").getAsDouble();
      int removeIn = (int) SparsityCount.floor(IN, s);
      int removeHidden = (int) SparsityCount.floor(HIDDEN, s);
      for (int t = 0; t < 8; t++) {
        int[] active = new int[HIDDEN];
        boolean[] g = flags(active, inputs.wina(x, t * IN, IN, gateNorms, removeIn, active), IN);
        boolean[] u = flags(active, inputs.wina(x, t * IN, IN, upNorms, removeIn, active), IN);
        boolean[] plain = flags(active, inputs.topK(x, t * IN, IN, removeIn, active), IN);
        FloatBuffer hidden = FloatBuffer.allocate(HIDDEN);
        for (int h = 0; h < HIDDEN; h++) {
          hidden.put(h, (float) (silu(dot(gate, h, x, t, g)) * dot(up, h, x, t, u)));
        }
        boolean[] d =
            flags(active, inputs.wina(hidden, 0, HIDDEN, downNorms, removeHidden, active), HIDDEN);
        assertThat(text(g)).isEqualTo(c.getAsJsonArray("mask_gate").get(t).getAsString());
        assertThat(text(u)).isEqualTo(c.getAsJsonArray("mask_up").get(t).getAsString());
        assertThat(text(d)).isEqualTo(c.getAsJsonArray("mask_down").get(t).getAsString());
        assertThat(text(plain))
            .isEqualTo(c.getAsJsonArray("mask_gate_plain_abs_topk").get(t).getAsString());
      }
    }
  }

  @Test
  void catsThresholdAndMasks() {
    FloatBuffer activated = FloatBuffer.allocate(TOKENS * HIDDEN);
    for (int t = 0; t < TOKENS; t++) {
      for (int h = 0; h < HIDDEN; h++) {
        activated.put(t * HIDDEN + h, (float) silu(dot(gate, h, x, t, everything())));
      }
    }
    check(fixture.getAsJsonObject("cats").getAsJsonArray("cases").get(0), activated, HIDDEN);
  }

  @Test
  void tealThresholdsAndMasks() {
    FloatBuffer hidden = FloatBuffer.allocate(TOKENS * HIDDEN);
    for (int t = 0; t < TOKENS; t++) {
      for (int h = 0; h < HIDDEN; h++) {
        double g = silu(dot(gate, h, x, t, everything()));
        hidden.put(t * HIDDEN + h, (float) (g * dot(up, h, x, t, everything())));
      }
    }
    int checked = 0;
    for (JsonElement c : fixture.getAsJsonObject("teal").getAsJsonArray("cases")) {
      boolean in = c.getAsJsonObject().get("tensor").getAsString().equals("mlp_in");
      check(c, in ? x : hidden, in ? IN : HIDDEN);
      checked++;
    }
    assertThat(checked).isEqualTo(2);
  }

  private static void check(JsonElement element, FloatBuffer values, int width) {
    JsonObject c = element.getAsJsonObject();
    MagnitudeThreshold collector = new MagnitudeThreshold("layer");
    collector.add(values);
    assertThat(collector.count()).isEqualTo(c.get("n").getAsLong());
    float threshold = collector.threshold(c.get("sparsity").getAsDouble());
    double expected = c.get("threshold").getAsDouble();
    assertThat((double) threshold)
        .isGreaterThanOrEqualTo(expected - 1e-7 * expected)
        .isLessThan(c.get("next_order_statistic").getAsDouble());
    JsonArray masks = c.getAsJsonArray("mask");
    for (int t = 0; t < masks.size(); t++) {
      int[] active = new int[width];
      int count = ActiveInputs.above(values, t * width, width, threshold, active);
      assertThat(text(flags(active, count, width))).isEqualTo(masks.get(t).getAsString());
    }
  }
}
