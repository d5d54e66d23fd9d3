package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.filigree.calibrate.ActiveInputs;
import dev.filigree.kernel.Activation;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.SparsityCount;
import dev.filigree.testing.Fixtures;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;

/** The whole block against values computed in double elsewhere. */
class GoldenFeedForwardTest {
  private static final int IN = 64;
  private static final int HIDDEN = 172;
  private static final int TOKENS = 8;

  private final JsonObject fixture = Fixtures.read("activation_mlp_64_172.json");
  private final float[] x = floats("X");

  private float[] floats(String name) {
    FloatBuffer values = Fixtures.matrix(fixture.getAsJsonArray(name));
    float[] out = new float[values.remaining()];
    values.get(out);
    return out;
  }

  private GatedFeedForward pack(GatedFeedForward.Layout layout) {
    return GatedFeedForward.pack(
        layout,
        ValueType.F32,
        Samples.direct(floats("Wgate")),
        Samples.direct(floats("Wup")),
        Samples.direct(floats("Wdown")),
        IN,
        HIDDEN,
        IN,
        GatedFeedForward.Biases.NONE,
        Activation.SILU);
  }

  @Test
  void dense() {
    for (GatedFeedForward.Layout layout : GatedFeedForward.Layout.values()) {
      GatedFeedForward block = pack(layout);
      JsonArray expected = fixture.getAsJsonArray("y_dense");
      check(expected, (in, batch, y) -> block.multiply(in, batch, y));
    }
  }

  @Test
  void cats() {
    JsonObject c = fixture.getAsJsonObject("cats").getAsJsonArray("cases").get(0).getAsJsonObject();
    // Between two of the values it was calibrated on, so that rounding decides nothing.
    double low = c.get("threshold").getAsDouble();
    float threshold = (float) ((low + c.get("next_order_statistic").getAsDouble()) / 2);
    GatedFeedForward block = pack(GatedFeedForward.Layout.BY_OUTPUTS);
    check(c.getAsJsonArray("y"), (in, n, y) -> block.multiplyGated(in, n, threshold, y));
  }

  @Test
  void wina() {
    JsonObject wina = fixture.getAsJsonObject("wina");
    JsonObject c = wina.getAsJsonArray("cases").get(0).getAsJsonObject();
    double s = c.get("sparsity").getAsDouble();
    GatedFeedForward block = pack(GatedFeedForward.Layout.BY_INPUTS);
    InputRule gate = rule(wina, "col_norm_gate", (int) SparsityCount.floor(IN, s));
    InputRule up = rule(wina, "col_norm_up", (int) SparsityCount.floor(IN, s));
    InputRule down = rule(wina, "col_norm_down", (int) SparsityCount.floor(HIDDEN, s));
    check(c.getAsJsonArray("y"), (in, n, y) -> block.multiplyActive(in, n, gate, up, down, y));
  }

  private static InputRule rule(JsonObject wina, String norms, int remove) {
    double[] columns = Fixtures.doubles(wina.getAsJsonArray(norms));
    return (x, at, n, active) -> new ActiveInputs(n).wina(x, at, n, columns, remove, active);
  }

  private interface Product {
    void run(ByteBuffer x, int batch, ByteBuffer y);
  }

  /** One by one, and all at once. */
  private void check(JsonArray expected, Product product) {
    ByteBuffer all = Samples.direct(new float[TOKENS * IN]);
    product.run(Samples.direct(java.util.Arrays.copyOf(x, TOKENS * IN)), TOKENS, all);
    for (int t = 0; t < TOKENS; t++) {
      double[] row = Fixtures.doubles(expected.get(t).getAsJsonArray());
      ByteBuffer one = Samples.direct(new float[IN]);
      product.run(Samples.direct(java.util.Arrays.copyOfRange(x, t * IN, t * IN + IN)), 1, one);
      double scale = 0;
      for (double v : row) {
        scale = Math.max(scale, Math.abs(v));
      }
      for (int i = 0; i < IN; i++) {
        assertThat((double) one.getFloat(4 * i)).isCloseTo(row[i], within(1e-5 * scale));
        assertThat((double) all.getFloat(4 * (t * IN + i))).isCloseTo(row[i], within(1e-5 * scale));
      }
    }
  }
}
