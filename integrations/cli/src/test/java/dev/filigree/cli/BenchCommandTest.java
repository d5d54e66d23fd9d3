package dev.filigree.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.filigree.cli.bench.Bench;
import dev.filigree.cli.regret.Regret;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Arguments and results of {@code bench} on tiny layers. */
final class BenchCommandTest {
  /** One thread everywhere: a process cannot change its number of threads. */
  private static final String COMMON = "--threads 1 ";

  private static final Bench.Budget TINY =
      new Bench.Budget(
          Duration.ofMillis(20), Duration.ofMillis(40), Duration.ofMillis(20), 1 << 17, 1 << 20);

  private static final Regret.Budget TINY_REGRET =
      new Regret.Budget(Duration.ofMillis(40), 1 << 17);

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  @TempDir private Path directory;

  @Test
  void aGridMeasuresEveryLayerAndDrawsThem() throws Exception {
    Path plot = directory.resolve("grid.svg");
    Path json = directory.resolve("grid.json");
    assertThat(
            run(
                COMMON
                    + "--grid --rows 16,32 --cols 16,16 --batch 1,3 --sparsity 0.5,0.9 --plot "
                    + plot
                    + " --json "
                    + json))
        .as(err.toString())
        .isZero();
    JsonObject all = JsonParser.parseString(Files.readString(json)).getAsJsonObject();
    List<String> layers = new ArrayList<>();
    for (JsonElement e : all.getAsJsonArray("layers")) {
      JsonObject o = e.getAsJsonObject();
      layers.add(o.get("rows") + "/" + o.get("batch") + "/" + o.get("sparsity"));
    }
    assertThat(layers)
        .containsExactly(
            "16/1/0.5",
            "16/1/0.9",
            "16/3/0.5",
            "16/3/0.9",
            "32/1/0.5",
            "32/1/0.9",
            "32/3/0.5",
            "32/3/0.9");
    assertThat(Files.readString(plot)).contains("32 x 16, batch 3").contains("<polyline");
    assertThat(out.toString()).contains("against our dense").contains("32 x 16");
  }

  @Test
  void regretOfBfloat16MeasuresThoseFormsToo() throws Exception {
    Path cases = directory.resolve("cases.txt");
    Path json = directory.resolve("regret.json");
    Files.writeString(cases, "33 48 1 unstructured 0.9 0\n");
    assertThat(run(COMMON + "--regret --values bf16 --cases " + cases + " --json " + json))
        .as(err.toString())
        .isZero();
    JsonObject layer =
        JsonParser.parseString(Files.readString(json))
            .getAsJsonObject()
            .getAsJsonArray("layers")
            .get(0)
            .getAsJsonObject();
    // Forms that a few calls show to be hopeless are left out; no form is hopeless here for all.
    assertThat(layer.getAsJsonObject("ratios").keySet()).anyMatch(form -> form.endsWith("-bf16"));
  }

  @Test
  void regretMeasuresEveryLayerOfAList() throws Exception {
    Path cases = directory.resolve("cases.txt");
    Path json = directory.resolve("regret.json");
    Files.writeString(
        cases,
        """
        1  1  512 unstructured 0.5 0
        33 48 1   unstructured 0.9 0
        16 32 4   2:4          -   0
        32 16 8   block:4x1    0.5 0
        40 24 1   dense        0   0.5
        40 24 2   unstructured 0.8 0.5
        """);
    assertThat(run(COMMON + "--regret --cases " + cases + " --json " + json))
        .as(err.toString())
        .isZero();
    assertThat(err.toString()).contains("6 layers, about").doesNotContain("WARN");
    assertThat(out.toString()).contains("33 x 48").contains("Mean regret");
    JsonObject all = JsonParser.parseString(Files.readString(json)).getAsJsonObject();
    assertThat(all.get("cases").getAsInt()).isEqualTo(6);
    List<String> forms = new ArrayList<>();
    for (JsonElement e : all.getAsJsonArray("layers")) {
      JsonObject layer = e.getAsJsonObject();
      forms.add(text(layer, "best"));
      assertThat(layer.get("dense_us").getAsDouble()).isPositive();
      assertThat(layer.get("gate_ratio").getAsDouble()).isPositive();
      assertThat(layer.get("best_ratio").getAsDouble()).isGreaterThanOrEqualTo(1);
      assertThat(layer.get("regret").getAsDouble()).isNotNegative();
      assertThat(layer.getAsJsonObject("ratios").size()).isPositive();
    }
    assertThat(forms).hasSize(6);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--rows 0 --cols 8 --pattern dense | FIL-0604: --rows is 0",
        "--rows 8 --cols -1 --pattern dense | FIL-0604: --cols is -1",
        "--rows 8 --cols 8 --pattern dense --batch 0 | FIL-0604: --batch is 0",
        "--rows 8 --cols 8 --pattern dense --threads 0 | FIL-0604: --threads is 0",
        "--rows 8 --cols 8 --pattern dense --threads 100000 | FIL-0604: --threads is 100000",
        "--rows 8 --pattern dense | FIL-0609: Missing required option: '--cols=C'",
        "--rows 8,9 --cols 8 --pattern dense | FIL-0604: --rows is [8, 9]",
        "--grid --rows 8,9 --cols 8 | FIL-0604: --cols is [8]",
        "--rows 8 --cols 8 --pattern dense --plot a.svg | FIL-0604: --plot is a.svg",
        "--rows 8 --cols 8 --pattern dense --cases a.txt | FIL-0604: --cases is a.txt",
        "--rows 8 --cols 8 --pattern dense --seconds 2 | FIL-0604: --seconds is 2",
        "--regret --rows 8 | FIL-0609: --regret takes its layers from --cases",
        "--regret --values int8 | FIL-0604: --values is int8; legal: f32 or bf16 with --regret",
        "--regret --seconds 0 | FIL-0604: --seconds is 0",
        "--regret --cases no-such-file.txt | FIL-0750: The list of layers no-such-file.txt",
        "--rows 8 --cols many --pattern dense | FIL-0609",
        "--rows 8 --cols 8 --pattern unstructured | FIL-0611: --pattern unstructured needs --sparsity",
        "--rows 8 --cols 8 --pattern block:4x1 | FIL-0611: --pattern block:4x1 needs --sparsity",
        "--rows 8 --cols 8 --pattern unstructured --sparsity 1 | FIL-0604: --sparsity is 1.0",
        "--rows 8 --cols 8 --pattern unstructured --sparsity -0.1 | FIL-0604: --sparsity is -0.1",
        "--rows 8 --cols 8 --pattern unstructured --sparsity NaN | FIL-0604: --sparsity is NaN",
        "--rows 8 --cols 8 --pattern unstructured --sparsity half | FIL-0609",
        "--rows 8 --cols 8 --pattern dense --sparsity 0.5 | FIL-0604: --sparsity is 0.5",
        "--rows 8 --cols 8 --pattern 2:4 --sparsity 0.9 | FIL-0604: --sparsity is 0.9",
        "--rows 8 --cols 10 --pattern 2:4 | FIL-0202: --pattern 2:4: m = 4",
        "--rows 8 --cols 8 --pattern 5:4 | FIL-0102",
        "--rows 8 --cols 8 --pattern 0:4 | FIL-0102",
        "--rows 8 --cols 8 --pattern 0:0 | FIL-0104",
        "--rows 8 --cols 8 --pattern block:0x4 --sparsity 0.5 | FIL-0604: --pattern is block:0x4",
        "--rows 8 --cols 8 --pattern rows --sparsity 0.5 | FIL-0604: --pattern is rows",
        "--rows 8 --cols 8 --pattern dense --activation-sparsity 1 | FIL-0604: --activation-sparsity",
        "--rows 8 --cols 8 --pattern dense --format coo | FIL-0604: --format is coo",
        "--rows 8 --cols 8 --pattern dense --format bitmap | FIL-0612: --format bitmap",
        "--rows 8 --cols 8 --pattern unstructured --sparsity 0.5 --format nm | FIL-0612: --format nm",
        "--rows 8 --cols 8 --pattern dense --values fp16 | FIL-0604: --values is fp16; legal: f32, bf16, int8",
        "--rows 8 --cols 8 --pattern dense --working-set warm | FIL-0604: --working-set is warm",
        "--rows 50000 --cols 50000 --pattern dense | FIL-0312: 50000 x 50000",
        "--rows 8 --cols 50000 --batch 50000 --pattern dense | FIL-0312: 50000 x 50000",
        "--rows 8 --cols 8 --pattern dense --op conv | FIL-0604: --op is conv; legal: linear",
        "--rows 20000 --cols 10000 --pattern dense --op qkv | FIL-0312: 60000 x 10000",
        "--rows 20000 --cols 10000 --pattern dense --op gated-ffn | FIL-0312: 60000 x 10000",
        "--rows 8 --cols 8 --pattern 2:4 --op gated-ffn --activation-sparsity 0.5 --format bitmap | FIL-0620: --format bitmap",
      })
  void badArgumentsAreOneMessage(String arguments, String message) {
    assertThat(run(arguments)).isEqualTo(2);
    assertThat(err.toString()).contains(message).doesNotContain("\tat ");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void jsonPlaceIsCheckedBeforeTheWork() {
    assertThat(run(COMMON + "--rows 8 --cols 8 --pattern dense --json " + directory)).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0403");
  }

  @ParameterizedTest
  @ValueSource(strings = {"cold", "hot"})
  void theFastestFormIsReportedWithAllFields(String workingSet) {
    JsonObject json =
        json(
            "--rows 40 --cols 64 --batch 2 --pattern unstructured --sparsity 0.5"
                + " --activation-sparsity 0.25 --working-set "
                + workingSet);
    for (String field :
        List.of(
            "dense_us",
            "dense_java_us",
            "sparse_us",
            "ratio",
            "ratio_p10",
            "ratio_p90",
            "gbytes_per_s",
            "stream_gbytes_per_s",
            "gflops",
            "dense_gflops",
            "peak_gflops")) {
      assertThat(json.get(field).getAsDouble()).as(field).isPositive();
    }
    assertThat(json.get("ratio_p10").getAsDouble())
        .isLessThanOrEqualTo(json.get("ratio_p90").getAsDouble());
    assertThat(json.getAsJsonObject("forms_us").keySet())
        .contains("bitmap", "csr", "sell", "columns")
        .contains(text(json, "format"));
    assertThat(text(json, "values")).isEqualTo("f32");
    assertThat(text(json, "kernel")).isNotEmpty();
    assertThat(text(json, "working_set")).isEqualTo(workingSet);
    assertThat(text(json, "omp_policy")).isNotEmpty();
    assertThat(text(json, "chosen")).isIn("sparse", "dense");
    assertThat(json.get("threads").getAsInt()).isEqualTo(1);
    assertThat(json.get("dense_bytes").getAsLong()).isEqualTo(4 * 40 * 64);
    assertThat(json.get("packed_bytes").getAsLong()).isPositive();
    assertThat(json.get("dense_copies").getAsInt())
        .isEqualTo(workingSet.equals("hot") ? 1 : ((1 << 17) + 4 * 40 * 64 - 1) / (4 * 40 * 64));
    assertThat(json.get("limited_by_memory").getAsBoolean()).isFalse();
    assertSmallErrors(json);
  }

  @ParameterizedTest
  @CsvSource({
    "unstructured --sparsity 0.8, bitmap, 1",
    "unstructured --sparsity 0.8, csr, 5",
    "unstructured --sparsity 0.8, columns, 1",
    "2:4, nm, 1",
    "2:4 --sparsity 0.5, sell, 4",
    "1:3, bitmap, 3",
    "block:4x1 --sparsity 0.5, csr, 16",
    "block:7x5 --sparsity 0.5, sell, 1",
    "block:4x1 --sparsity 0.5, strip4x1, 16",
    "block:16x1 --sparsity 0.5, strip16x1, 1",
    "block:32x3 --sparsity 0.5, strip16x1, 5",
    "block:1x16 --sparsity 0.5, strip1x16, 4",
    "dense, columns, 1",
    "dense, columns, 4",
  })
  void everyFormAgreesWithDjl(String pattern, String format, int batch) {
    JsonObject json =
        json(
            "--rows 33 --cols 48 --activation-sparsity 0.5 --pattern "
                + pattern
                + " --format "
                + format
                + " --batch "
                + batch);
    assertThat(text(json, "format")).isEqualTo(format);
    assertThat(json.getAsJsonObject("forms_us").size()).isZero();
    assertSmallErrors(json);
  }

  @ParameterizedTest
  @CsvSource({
    "bitmap, unstructured --sparsity 0.5",
    "csr, unstructured --sparsity 0.9",
    "sell, 2:4",
    "strip4x1, block:4x1 --sparsity 0.5",
  })
  void roundedValuesAreSmallerAndAsFarOffAsTheirRounding(String format, String pattern) {
    String arguments = "--rows 64 --cols 96 --format " + format + " --pattern " + pattern;
    long bytes = json(arguments).get("packed_bytes").getAsLong();
    for (String values : List.of("bf16", "int8")) {
      JsonObject json = json(arguments + " --values " + values);
      assertThat(text(json, "values")).isEqualTo(values);
      assertThat(json.get("packed_bytes").getAsLong()).isLessThan(bytes);
      double rounding = json.get("rounding_rel_err").getAsDouble();
      assertThat(rounding).isBetween(1e-5, 0.05);
      assertThat(json.get("max_rel_err").getAsDouble())
          .isCloseTo(rounding, org.assertj.core.data.Offset.offset(1e-5));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void rivalsInLibtorchComputeTheSame(int batch) {
    JsonObject json =
        json("--rows 32 --cols 64 --pattern unstructured --sparsity 0.5 --batch " + batch);
    assertThat(json.getAsJsonObject("missing_rivals").size()).isZero();
    List<String> names = new ArrayList<>();
    for (JsonElement element : json.getAsJsonArray("rivals")) {
      JsonObject rival = element.getAsJsonObject();
      names.add(text(rival, "name"));
      boolean rounded = text(rival, "name").equals("libtorch bf16");
      assertThat(rival.get("max_rel_err").getAsDouble())
          .isBetween(rounded ? 1e-4 : 0.0, rounded ? 0.03 : 1e-5);
      assertThat(rival.get("us").getAsDouble()).isPositive();
    }
    assertThat(names).containsExactly("libtorch bf16", "libtorch CSR");
    assertThat(text(json, "fastest")).isNotEmpty();
  }

  @Test
  void weightsOfWhichNothingIsRemovedHaveNoCompressedRival() {
    JsonObject json = json("--rows 8 --cols 8 --pattern dense");
    assertThat(json.getAsJsonArray("rivals").size()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "dense --activation-sparsity 0.5, columns, 1",
    "unstructured --sparsity 0.5, bitmap, 1",
    "2:4, sell, 3",
  })
  void projectionsOfOneInputAgreeWithDjl(String pattern, String format, int batch) {
    JsonObject json =
        json(
            "--op qkv --rows 24 --cols 32 --pattern "
                + pattern
                + " --format "
                + format
                + " --batch "
                + batch);
    assertThat(text(json, "op")).isEqualTo("qkv");
    assertThat(json.get("dense_bytes").getAsLong()).isEqualTo(4 * 3 * 24 * 32);
    assertSmallErrors(json);
  }

  @ParameterizedTest
  @CsvSource({
    "dense --activation-sparsity 0.5, columns, 1",
    "dense --activation-sparsity 0.7, columns, 5",
    "unstructured --sparsity 0.5 --activation-sparsity 0.5, columns, 1",
    "unstructured --sparsity 0.5, bitmap, 1",
    "dense, columns, 3",
  })
  void gatedFeedForwardAgreesWithDjl(String pattern, String format, int batch) {
    JsonObject json =
        json(
            "--op gated-ffn --rows 72 --cols 32 --pattern "
                + pattern
                + " --format "
                + format
                + " --batch "
                + batch);
    assertThat(text(json, "op")).isEqualTo("gated-ffn");
    assertThat(text(json, "format")).isEqualTo(format);
    assertThat(json.get("dense_bytes").getAsLong()).isEqualTo(4 * 3 * 72 * 32);
    assertSmallErrors(json);
    for (JsonElement rival : json.getAsJsonArray("rivals")) {
      // Rounded to bfloat16 between the products too.
      assertThat(rival.getAsJsonObject().get("max_rel_err").getAsDouble()).isBetween(0.0, 0.05);
    }
  }

  @Test
  void hiddenUnitsToSkipAreNotCounted() {
    JsonObject json =
        json(
            "--op gated-ffn --rows 60 --cols 100 --pattern dense --activation-sparsity 0.4"
                + " --working-set hot");
    double read = json.get("gbytes_per_s").getAsDouble() * json.get("sparse_us").getAsDouble();
    assertThat(read * 1e3)
        .isCloseTo(4 * 100 * (60 + 2 * 36), org.assertj.core.data.Offset.offset(1e-6));
  }

  @Test
  void oneOutputOfOneInput() {
    assertSmallErrors(json("--rows 1 --cols 1 --pattern dense"));
  }

  @Test
  void inputsToSkipAreNotCounted() {
    JsonObject json =
        json("--rows 64 --cols 100 --pattern dense --activation-sparsity 0.29 --working-set hot");
    double read = json.get("gbytes_per_s").getAsDouble() * json.get("sparse_us").getAsDouble();
    assertThat(read * 1e3).isCloseTo(4 * 64 * 71, org.assertj.core.data.Offset.offset(1e-6));
  }

  @Test
  void textNamesAllSidesAndJsonGoesToAFile() throws Exception {
    Path file = directory.resolve("bench.json");
    assertThat(run(COMMON + "--rows 16 --cols 16 --pattern 2:4 --json " + file)).isZero();
    assertThat(out.toString())
        .contains("DJL dense")
        .contains("Filigree dense")
        .contains("speed against DJL")
        .contains("GB/s")
        .contains("The break-even gate would run");
    JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    assertThat(out.toString()).contains("Filigree " + text(json, "format"));
  }

  @Test
  void threadsCannotChangeLater() {
    assertThat(run(COMMON + "--rows 8 --cols 8 --pattern dense")).isZero();
    assertThat(run("--threads 2 --rows 8 --cols 8 --pattern dense")).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0615: --threads is 2");
  }

  private static void assertSmallErrors(JsonObject json) {
    assertThat(json.get("max_rel_err").getAsDouble()).isBetween(0.0, 1e-5);
    assertThat(json.get("max_abs_err").getAsDouble()).isBetween(0.0, 1e-4);
  }

  private static String text(JsonObject json, String field) {
    return json.get(field).getAsString();
  }

  private JsonObject json(String arguments) {
    out.getBuffer().setLength(0);
    assertThat(run(COMMON + "--json - " + arguments)).as(err.toString()).isZero();
    return JsonParser.parseString(out.toString()).getAsJsonObject();
  }

  private int run(String arguments) {
    List<String> words = new ArrayList<>(List.of(arguments.strip().split(" ", -1)));
    CommandLine line = new CommandLine(new BenchCommand(TINY, TINY_REGRET));
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    line.setExecutionExceptionHandler(new Failures(() -> false));
    line.setParameterExceptionHandler(new Usage());
    return line.execute(words.toArray(String[]::new));
  }
}
