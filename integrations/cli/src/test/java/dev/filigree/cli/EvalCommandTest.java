package dev.filigree.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.filigree.file.DType;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code eval} on a small model with random weights. */
final class EvalCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  @TempDir private Path folder;
  private String model;
  private String ids;
  private String calibration;

  @BeforeEach
  void files() {
    model = TinyModel.write(folder.resolve("model"), DType.F32).toString();
    ids = TinyModel.ids(folder.resolve("ids.json"), 3, 3, 24).toString();
    calibration = TinyModel.ids(folder.resolve("calibration.json"), 4, 3, 40).toString();
  }

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }

  private JsonObject eval(String... more) {
    List<String> all = new ArrayList<>(List.of("eval", "--model", model, "--ids", ids));
    all.addAll(List.of(more));
    all.addAll(List.of("--json", "-"));
    assertThat(run(all.toArray(new String[0]))).as(err.toString()).isZero();
    return JsonParser.parseString(out.toString()).getAsJsonObject();
  }

  private void refused(String tag, String... more) {
    List<String> all = new ArrayList<>(List.of("eval", "--model", model, "--ids", ids));
    all.addAll(List.of(more));
    assertThat(run(all.toArray(new String[0]))).isEqualTo(2);
    assertThat(err.toString()).contains(tag).doesNotContain("\tat ");
  }

  @Test
  void denseModelHasALossAndIsNotComparedUnlessAsked() {
    JsonObject dense = eval();
    assertThat(dense.get("tokens").getAsLong()).isEqualTo(3 * 23);
    assertThat(dense.get("ppl").getAsDouble())
        .isCloseTo(Math.exp(dense.get("nll").getAsDouble()), within(1e-9));
    assertThat(dense.get("nll").getAsDouble())
        .isBetween(dense.get("nll_low").getAsDouble(), dense.get("nll_high").getAsDouble());
    assertThat(dense.has("agreement") && !dense.get("agreement").isJsonNull()).isFalse();

    JsonObject compared = eval("--compare-dense");
    assertThat(compared.get("agreement").getAsDouble()).isEqualTo(1);
    assertThat(compared.get("kl").getAsDouble()).isCloseTo(0, within(1e-9));
  }

  @Test
  void whatIsSparseIsComparedWithDense() {
    JsonObject little = eval("--activation", "topk:0.1");
    JsonObject much = eval("--activation", "topk:0.8");
    assertThat(little.get("kl").getAsDouble())
        .isPositive()
        .isLessThan(much.get("kl").getAsDouble());
    assertThat(little.get("agreement").getAsDouble())
        .isGreaterThan(much.get("agreement").getAsDouble());
    assertThat(much.get("kl").getAsDouble())
        .isBetween(much.get("kl_low").getAsDouble(), much.get("kl_high").getAsDouble());
    assertThat(much.get("activation_sparsity").getAsDouble()).isCloseTo(0.8, within(0.01));

    assertThat(eval("--weights", "magnitude:2:4").get("kl").getAsDouble()).isPositive();
    assertThat(eval("--values", "int8").get("kl").getAsDouble()).isPositive().isLessThan(0.05);
    run("eval", "--model", model, "--ids", ids, "--activation", "topk:0.5");
    assertThat(out.toString()).contains("agrees with dense").contains("KL from dense");
  }

  @Test
  void aSweepMeasuresWhatSingleRunsMeasure() throws IOException {
    Path plot = folder.resolve("sweep.svg");
    JsonObject swept =
        eval(
            "--sweep",
            "teal,cats,wina x 0.3,0.6",
            "--calibration",
            calibration,
            "--rise",
            "0.0001",
            "--plot",
            plot.toString());
    JsonArray rows = swept.getAsJsonArray("sweep");
    assertThat(rows.size()).isEqualTo(7);
    assertThat(rows.get(0).getAsJsonObject().get("nll").getAsDouble())
        .isEqualTo(eval().get("nll").getAsDouble());
    for (int i : new int[] {2, 3, 6}) {
      JsonObject row = rows.get(i).getAsJsonObject();
      String spec = row.get("method").getAsString() + ":" + row.get("sparsity").getAsString();
      JsonObject single = eval("--activation", spec, "--calibration", calibration);
      for (String same : List.of("nll", "agreement", "kl", "activation_sparsity")) {
        assertThat(row.get(same).getAsDouble())
            .as("%s of %s", same, spec)
            .isEqualTo(single.get(same).getAsDouble());
      }
      assertThat(row.get("weight_bytes_per_token")).isEqualTo(single.get("weight_bytes_per_token"));
    }
    for (var rise : swept.getAsJsonArray("ppl_rise")) {
      JsonObject r = rise.getAsJsonObject();
      assertThat(r.get("highest").getAsDouble()).isEqualTo(0.6);
      if (r.get("sparsity") != null && !r.get("sparsity").isJsonNull()) {
        assertThat(r.get("sparsity").getAsDouble()).isBetween(0.0, 0.6);
      }
    }
    assertThat(Files.readString(plot))
        .startsWith("<svg")
        .contains("bytes of weights read per token", "tokens per second", ">cats<", ">wina<");
  }

  /** CoreInfer chooses from the first positions; a directory made for it says so by itself. */
  @Test
  void neuronsAreChosenFromThePromptThatKeepFirstNames() {
    refused("FIL-0850", "--activation", "coreinfer:0.5");
    refused("FIL-0850", "--sweep", "topk:0.5,coreinfer:0.5");
    JsonObject dense = eval();
    JsonObject half = eval("--activation", "coreinfer:0.5", "--keep-first", "8");
    assertThat(half.get("kl").getAsDouble()).isPositive();
    assertThat(half.get("activation_sparsity").getAsDouble()).isEqualTo(0.5);
    assertThat(bytes(half, "realised")).isLessThan(bytes(half, "dense"));
    assertThat(bytes(half, "dense")).isEqualTo(bytes(dense, "dense"));
    // Longer than every sequence: all of it is prompt.
    JsonObject all = eval("--activation", "coreinfer:0.5", "--keep-first", "99");
    assertThat(all.get("nll").getAsDouble())
        .isCloseTo(dense.get("nll").getAsDouble(), within(1e-6));
    assertThat(bytes(all, "realised")).isEqualTo(bytes(dense, "dense"));
    JsonArray rows =
        eval("--sweep", "coreinfer:0.5,topk:0.5", "--keep-first", "8").getAsJsonArray("sweep");
    assertThat(rows.get(1).getAsJsonObject().get("nll").getAsDouble())
        .isEqualTo(half.get("nll").getAsDouble());

    String packed = folder.resolve("packed").toString();
    assertThat(run("compress", "--model", model, "--activation", "coreinfer:0.5", "--out", packed))
        .as(err.toString())
        .isZero();
    model = packed;
    refused("FIL-0850");
    JsonObject stored = eval("--keep-first", "8");
    assertThat(stored.get("nll").getAsDouble()).isEqualTo(half.get("nll").getAsDouble());
    assertThat(stored.get("weight_bytes_per_token")).isEqualTo(half.get("weight_bytes_per_token"));
  }

  /** A model whose gate has ReLU: what is zero is not read, and the loss is that of the model. */
  @Test
  void zerosOfReluAreSkipped() throws IOException {
    refused("FIL-0852", "--activation", "relu");
    refused("FIL-0852", "--activation", "relu:0.5");
    refused("FIL-0604", "--activation", "relu:-0.5");
    Path config = Path.of(model).resolve("config.json");
    JsonObject json = JsonParser.parseString(Files.readString(config)).getAsJsonObject();
    json.addProperty("hidden_act", "relu");
    Files.writeString(config, json.toString());
    JsonObject dense = eval();
    JsonObject skipped = eval("--activation", "relu");
    assertThat(skipped.get("nll").getAsDouble())
        .isCloseTo(dense.get("nll").getAsDouble(), within(1e-5));
    assertThat(skipped.get("activation_sparsity").getAsDouble()).isBetween(0.3, 0.7);
    assertThat(bytes(skipped, "realised")).isLessThan(bytes(dense, "dense"));
    run("eval", "--model", model, "--ids", ids, "--activation", "relu");
    assertThat(out.toString()).contains("activations relu, values f32");
    JsonArray swept =
        eval("--sweep", "relu x 0,0.01,0.03", "--rise", "0.001").getAsJsonArray("sweep");
    assertThat(swept).hasSize(4);
    double before = 0;
    for (int i = 1; i < 4; i++) {
      JsonObject row = swept.get(i).getAsJsonObject();
      assertThat(row.get("sparsity").getAsDouble()).isZero();
      assertThat(row.get("threshold").getAsDouble()).isEqualTo(new double[] {0, 0.01, 0.03}[i - 1]);
      double found = row.get("activation_sparsity").getAsDouble();
      assertThat(found).isGreaterThan(before);
      before = found;
    }
    assertThat(swept.get(1).getAsJsonObject().get("nll")).isEqualTo(skipped.get("nll"));
    JsonObject fat = eval("--activation", "relu:0.03");
    assertThat(fat.get("nll")).isEqualTo(swept.get(3).getAsJsonObject().get("nll"));
    assertThat(fat.getAsJsonObject("thresholds").get("0").getAsFloat()).isEqualTo(0.03f);
    run("eval", "--model", model, "--ids", ids, "--sweep", "relu:0.03");
    assertThat(out.toString()).contains("relu 0.03");
  }

  /** R-Sparse: factors are found in calibration, for every sparsity anew. */
  @Test
  void whatIsSkippedCanLeaveARemainder() {
    refused("FIL-0719", "--activation", "r-sparse:0.5");
    JsonObject half = eval("--activation", "r-sparse:0.5", "--calibration", calibration);
    double dense = bytes(half, "dense");
    assertThat(bytes(half, "realised") / dense).isBetween(0.4, 0.75);
    assertThat(half.get("activation_sparsity").getAsDouble()).isBetween(0.45, 0.8);
    assertThat(half.get("kl").getAsDouble()).isPositive();
    JsonObject row =
        eval("--sweep", "r-sparse x 0.3,0.5", "--calibration", calibration)
            .getAsJsonArray("sweep")
            .get(2)
            .getAsJsonObject();
    assertThat(row.get("nll").getAsDouble()).isEqualTo(half.get("nll").getAsDouble());
    assertThat(row.get("weight_bytes_per_token")).isEqualTo(half.get("weight_bytes_per_token"));
    assertThat(
            run(
                "compress",
                "--model",
                model,
                "--activation",
                "r-sparse:0.5",
                "--calibration",
                calibration,
                "--out",
                folder.resolve("packed").toString()))
        .as(err.toString())
        .isZero();
    model = folder.resolve("packed").toString();
    assertThat(run("verify", model)).isZero();
    assertThat(out.toString()).contains("activation (r-sparse 0.5)");
    JsonObject stored = eval();
    assertThat(stored.get("nll").getAsDouble()).isEqualTo(half.get("nll").getAsDouble());
    assertThat(stored.get("weight_bytes_per_token")).isEqualTo(half.get("weight_bytes_per_token"));
    refused("FIL-0733", "--activation", "r-sparse:0.4");
  }

  private static long bytes(JsonObject result, String which) {
    return result.getAsJsonObject("weight_bytes_per_token").get(which).getAsLong();
  }

  @Test
  void aListOfSettingsIsPrintedAsATable() {
    assertThat(run("eval", "--model", model, "--ids", ids, "--sweep", "topk:0.2,wina:0.5"))
        .as(err.toString())
        .isZero();
    assertThat(out.toString())
        .contains(
            "all activations", "topk 0.2", "wina 0.5", "topk: perplexity", "wina: perplexity");
  }

  @Test
  void illegalSweepsAreRefused() {
    refused("FIL-0604", "--sweep", "magic:0.5");
    refused("FIL-0604", "--sweep", "teal");
    refused("FIL-0604", "--sweep", "topkx0.5,1.5");
    refused("FIL-0604", "--sweep", "topk:0.5", "--activation", "topk:0.5");
    refused("FIL-0604", "--sweep", "topk:0.5", "--rise", "0");
    refused("FIL-0604", "--plot", folder.resolve("p.svg").toString());
    refused("FIL-0719", "--sweep", "topk:0.5,teal:0.5");
    assertThat(folder.resolve("p.svg")).doesNotExist();
  }
}
