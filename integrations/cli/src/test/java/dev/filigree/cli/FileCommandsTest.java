package dev.filigree.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.abort;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.filigree.file.DType;
import dev.filigree.file.ModelFiles;
import dev.filigree.file.SafetensorsFile;
import dev.filigree.file.SafetensorsWriter;
import dev.filigree.file.Tensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code prune}, {@code pack}, {@code unpack}, {@code inspect}, {@code verify}, {@code strip}. */
final class FileCommandsTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  @TempDir private Path folder;
  private String w;
  private String x;
  private String o;
  private String p;

  @BeforeEach
  void files() {
    w = folder.resolve("w.safetensors").toString();
    x = folder.resolve("x.safetensors").toString();
    o = folder.resolve("o.safetensors").toString();
    p = folder.resolve("p.safetensors").toString();
  }

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }

  private int run(List<String> arguments) {
    return run(arguments.toArray(new String[0]));
  }

  private JsonObject json(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--json", "-"));
    assertThat(run(all)).as(err.toString()).isZero();
    return JsonParser.parseString(out.toString()).getAsJsonObject();
  }

  private static Tensor matrix(String name, DType type, int rows, int cols, Random random) {
    ByteBuffer data =
        ByteBuffer.allocate(rows * cols * type.bits() / 8).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < rows * cols; i++) {
      float v = (float) random.nextGaussian();
      switch (type) {
        case F32 -> data.putFloat(4 * i, v);
        case BF16 -> data.putShort(2 * i, (short) (Float.floatToRawIntBits(v) >>> 16));
        case F16 -> data.putShort(2 * i, (short) (0x3000 + random.nextInt(0x1000)));
        default -> data.put(i, (byte) v);
      }
    }
    return Tensor.of(name, type, new long[] {rows, cols}, data);
  }

  private static Tensor matrix(String name, JsonArray rows) {
    int cols = rows.get(0).getAsJsonArray().size();
    ByteBuffer data = ByteBuffer.allocate(4 * rows.size() * cols).order(ByteOrder.LITTLE_ENDIAN);
    rows.forEach(row -> row.getAsJsonArray().forEach(v -> data.putFloat(v.getAsFloat())));
    return Tensor.of(name, DType.F32, new long[] {rows.size(), cols}, data.flip());
  }

  private static JsonObject fixture(String name) throws IOException {
    for (Path dir = Path.of("").toAbsolutePath(); dir != null; dir = dir.getParent()) {
      Path file = dir.resolve("shared").resolve("fixtures").resolve(name);
      if (Files.isRegularFile(file)) {
        try (Reader reader = Files.newBufferedReader(file)) {
          return JsonParser.parseReader(reader).getAsJsonObject();
        }
      }
    }
    System.err.println("SKIPPED: no shared/fixtures/" + name + " beside the repository");
    return abort("shared/fixtures/" + name + " is absent");
  }

  @Test
  void everyGoldenCaseComesOutThroughTheCommandLine() throws Exception {
    JsonObject fixture = fixture("masks_64x128.json");
    Tensor bias = matrix("fc.bias", DType.F32, 1, 64, new Random(1));
    bias = Tensor.of("fc.bias", DType.F32, new long[] {64}, bias.data());
    SafetensorsWriter.write(
        Path.of(w),
        List.of(matrix("fc.weight", fixture.getAsJsonArray("W")), bias),
        Map.of("format", "pt"));
    SafetensorsWriter.write(
        Path.of(x), List.of(matrix("fc.weight", fixture.getAsJsonArray("X"))), Map.of());
    int cases = 0;
    for (JsonElement element : fixture.getAsJsonArray("cases")) {
      JsonObject c = element.getAsJsonObject();
      check(c, bias);
      cases++;
    }
    assertThat(cases).isEqualTo(22);
  }

  private void check(JsonObject c, Tensor bias) throws Exception {
    JsonObject cli = c.getAsJsonObject("cli");
    List<String> arguments =
        new ArrayList<>(List.of("prune", "--in", w, "--inputs", x, "--out", o));
    for (String option : List.of("method", "pattern", "sparsity", "scope")) {
      if (!cli.get(option).isJsonNull()) {
        arguments.addAll(List.of("--" + option, cli.get(option).getAsString()));
      }
    }
    String what = arguments.toString();
    JsonObject entry =
        json(arguments.toArray(new String[0])).getAsJsonArray("tensors").get(0).getAsJsonObject();
    assertThat(entry.get("name").getAsString()).isEqualTo("fc.weight");
    assertThat(entry.get("mask_sha256").getAsString())
        .as(what)
        .isEqualTo(c.get("mask_sha256").getAsString());
    assertThat(entry.get("kept").getAsLong()).isEqualTo(c.get("kept").getAsLong());
    double error = c.get("recon_error").getAsDouble();
    assertThat(entry.get("recon_error").getAsDouble())
        .as(what)
        .isCloseTo(error, within(1e-4 * error));
    SafetensorsFile written = SafetensorsFile.open(Path.of(o));
    assertThat(written.tensors()).extracting(Tensor::name).containsExactly("fc.weight", "fc.bias");
    assertThat(written.tensor("fc.bias").orElseThrow().data()).isEqualTo(bias.data());
    assertThat(written.metadata()).containsEntry("format", "pt");
    ByteBuffer data = written.tensor("fc.weight").orElseThrow().data();
    if (c.has("data_sha256")) {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update(data);
      assertThat(HexFormat.of().formatHex(sha.digest()))
          .as(what)
          .isEqualTo(c.get("data_sha256").getAsString());
    } else {
      ByteBuffer golden = matrix("g", c.getAsJsonArray("weights")).data();
      for (int i = 0; i < golden.remaining(); i += 4) {
        assertThat(data.getFloat(i)).isCloseTo(golden.getFloat(i), within(2e-6f));
      }
    }
  }

  @Test
  void theWholeWayOfAFile() throws IOException {
    Random random = new Random(4);
    SafetensorsWriter.write(
        Path.of(w),
        List.of(
            matrix("b.weight", DType.BF16, 48, 64, random),
            matrix("a.weight", DType.F16, 32, 64, random),
            matrix("embed.weight", DType.F32, 40, 64, random),
            Tensor.of("ids", DType.I64, new long[] {2}, ByteBuffer.allocate(16))),
        Map.of());
    JsonObject pruned =
        json("prune", "--in", w, "--method", "magnitude", "--pattern", "2:4", "--out", o);
    assertThat(pruned.getAsJsonArray("tensors"))
        .extracting(e -> e.getAsJsonObject().get("name").getAsString())
        .containsExactly("a.weight", "b.weight", "embed.weight");
    assertThat(err.toString()).contains("FIL-0635: embed.weight").doesNotContain("a.weight looks");
    assertThat(run("verify", o)).isZero();
    assertThat(out.toString()).contains("Step 1: prune (magnitude 2:4), 3 masks");

    JsonObject packed = json("pack", "--in", o, "--out", p);
    assertThat(packed.get("in_bytes").getAsLong()).isEqualTo(Files.size(Path.of(o)));
    assertThat(packed.get("out_bytes").getAsLong()).isEqualTo(Files.size(Path.of(p)));
    assertThat(packed.get("packed").getAsInt()).isEqualTo(3);
    assertThat(run("verify", p)).isZero();
    JsonObject inspected = json("inspect", p);
    assertThat(inspected.get("bytes").getAsLong()).isEqualTo(Files.size(Path.of(p)));
    assertThat(inspected.getAsJsonArray("tensors")).hasSize(4);
    JsonObject first = inspected.getAsJsonArray("tensors").get(0).getAsJsonObject();
    assertThat(first.get("name").getAsString()).isEqualTo("b.weight");
    assertThat(first.get("pattern").getAsString()).isEqualTo("2:4");
    assertThat(first.get("sparsity").getAsDouble()).isEqualTo(0.5);
    assertThat(first.get("dtype").getAsString()).isEqualTo("BF16");
    assertThat(first.get("format").getAsString()).isEqualTo("bitmap");
    assertThat(first.getAsJsonArray("shape").toString()).isEqualTo("[48,64]");

    String u = folder.resolve("u.safetensors").toString();
    assertThat(json("unpack", "--in", p, "--out", u).get("out_bytes").getAsLong())
        .isEqualTo(Files.size(Path.of(u)));
    assertThat(Files.readAllBytes(Path.of(u))).isEqualTo(Files.readAllBytes(Path.of(o)));
    assertThat(run("strip", "--in", p, "--out", u)).isZero();
    assertThat(SafetensorsFile.open(Path.of(u)).metadata()).isEmpty();

    byte[] bytes = Files.readAllBytes(Path.of(p));
    bytes[bytes.length - 1] ^= 4;
    Files.write(Path.of(p), bytes);
    assertThat(run("verify", p, "--json", "-")).isEqualTo(1);
    JsonObject broken = JsonParser.parseString(out.toString()).getAsJsonObject();
    assertThat(broken.get("ok").getAsBoolean()).isFalse();
    assertThat(broken.getAsJsonArray("broken").get(0).getAsString()).contains("tensor ");
    assertThat(run("unpack", "--in", p, "--out", u)).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0402");
  }

  @Test
  void keptZerosKeepTheirMask() {
    ByteBuffer data = ByteBuffer.allocate(4 * 64 * 64).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 64 * 64; i += 8) {
      data.putFloat(4 * i, i + 1);
    }
    SafetensorsWriter.write(
        Path.of(w), List.of(Tensor.of("w", DType.F32, new long[] {64, 64}, data)), Map.of());
    JsonObject entry =
        json("prune", "--in", w, "--method", "magnitude", "--pattern", "2:4", "--out", o)
            .getAsJsonArray("tensors")
            .get(0)
            .getAsJsonObject();
    assertThat(entry.get("sparsity").getAsDouble()).isEqualTo(0.5);
    assertThat(entry.get("zeros").getAsDouble()).isEqualTo(0.875);
    assertThat(run("verify", o)).isZero();
    json("pack", "--in", o, "--out", p);
    JsonObject row = json("inspect", p).getAsJsonArray("tensors").get(0).getAsJsonObject();
    assertThat(row.get("sparsity").getAsDouble()).isEqualTo(0.875);
    assertThat(row.get("mask_sparsity").getAsDouble()).isEqualTo(0.5);
    assertThat(row.get("pattern").getAsString()).isEqualTo("2:4");
    assertThat(run("verify", p)).isZero();
    // Pruned again: the mask of before is gone.
    String again = folder.resolve("again.safetensors").toString();
    json(
        "prune",
        "--in",
        o,
        "--method",
        "magnitude",
        "--pattern",
        "unstructured",
        "--sparsity",
        "0.875",
        "--out",
        again);
    assertThat(SafetensorsFile.open(Path.of(again)).tensors()).hasSize(1);
    assertThat(run("verify", again)).isZero();
    assertThat(out.toString()).contains("Step 2: prune (magnitude unstructured 0.875)");
  }

  @Test
  void globalScopeCountsOverAllFilesOfAModel() throws IOException {
    Random random = new Random(5);
    Path model = Files.createDirectory(folder.resolve("model"));
    Tensor a = matrix("layers.0.mlp.up_proj.weight", DType.F32, 16, 24, random);
    Tensor b = matrix("layers.1.mlp.up_proj.weight", DType.F32, 8, 24, random);
    Tensor head = matrix("lm_head.weight", DType.F32, 8, 24, random);
    SafetensorsWriter.write(model.resolve("m-1.safetensors"), List.of(b), Map.of());
    SafetensorsWriter.write(model.resolve("m-2.safetensors"), List.of(head, a), Map.of());
    Files.writeString(
        model.resolve(ModelFiles.INDEX),
        "{\"weight_map\":{\"%s\":\"m-1.safetensors\",\"%s\":\"m-2.safetensors\",\"%s\":\"m-2.safetensors\"}}"
            .formatted(b.name(), head.name(), a.name()));
    Files.writeString(model.resolve("config.json"), "{}");
    Path target = folder.resolve("pruned");
    JsonObject result =
        json(
            "prune",
            "--in",
            model.toString(),
            "--method",
            "magnitude",
            "--pattern",
            "unstructured",
            "--sparsity",
            "0.5",
            "--scope",
            "global",
            "--out",
            target.toString());
    long kept = 0;
    for (JsonElement e : result.getAsJsonArray("tensors")) {
      kept += e.getAsJsonObject().get("kept").getAsLong();
    }
    assertThat(result.getAsJsonArray("tensors")).hasSize(2);
    assertThat(kept).isEqualTo(24 * 24 / 2);
    ModelFiles written = ModelFiles.open(target);
    assertThat(written.files()).hasSize(2);
    assertThat(written.tensor("lm_head.weight").orElseThrow().data()).isEqualTo(head.data());
    assertThat(target.resolve("config.json")).hasContent("{}");
    assertThat(run("verify", target.toString())).isZero();

    // One file with the same tensors gives the same masks.
    SafetensorsWriter.write(Path.of(w), List.of(a, b), Map.of());
    JsonObject single =
        json(
            "prune",
            "--in",
            w,
            "--method",
            "magnitude",
            "--pattern",
            "unstructured",
            "--sparsity",
            "0.5",
            "--scope",
            "global",
            "--out",
            o);
    assertThat(single.get("tensors")).isEqualTo(result.get("tensors"));
  }

  @Test
  void randomMasksFollowTheirSeedAndTheirAllocation() {
    Random random = new Random(6);
    SafetensorsWriter.write(
        Path.of(w),
        List.of(matrix("big", DType.F32, 64, 96, random), matrix("small", DType.F32, 8, 8, random)),
        Map.of());
    String[] arguments = {
      "prune",
      "--in",
      w,
      "--method",
      "random",
      "--pattern",
      "unstructured",
      "--sparsity",
      "0.8",
      "--scope",
      "layer",
      "--out",
      o,
      "--seed",
      "7",
      "--allocation",
      "erk"
    };
    JsonObject one = json(arguments);
    assertThat(json(arguments)).isEqualTo(one);
    JsonArray tensors = one.getAsJsonArray("tensors");
    double big = tensors.get(0).getAsJsonObject().get("sparsity").getAsDouble();
    double small = tensors.get(1).getAsJsonObject().get("sparsity").getAsDouble();
    // All of the small one is kept, and the large one pays for it.
    assertThat(small).isZero();
    assertThat(big * 64 * 96).isCloseTo(0.8 * (64 * 96 + 64), within(2.0));
    arguments[14] = "8";
    assertThat(json(arguments)).isNotEqualTo(one);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--method magnitude --pattern unstructured | FIL-0611: --pattern unstructured needs --sparsity",
        "--method magnitude --pattern block:4x1 | FIL-0611",
        "--method magnitude --pattern unstructured --sparsity 1 | FIL-0604: --sparsity is 1.0",
        "--method magnitude --pattern unstructured --sparsity -0.1 | FIL-0604: --sparsity is -0.1",
        "--method magnitude --pattern unstructured --sparsity NaN | FIL-0604: --sparsity is NaN",
        "--method magnitude --pattern unstructured --sparsity half | FIL-0609",
        "--method magic --pattern 2:4 | FIL-0604: --method is magic; legal: magnitude, random, wanda, sparsegpt",
        "--method magnitude --pattern rows | FIL-0604: --pattern is rows",
        "--method magnitude --pattern row | FIL-0604: --pattern is row",
        "--method magnitude --pattern 5:4 | FIL-0102",
        "--method magnitude --pattern 0:4 | FIL-0102",
        "--method magnitude --pattern block:0x4 --sparsity 0.5 | FIL-0604: --pattern is block:0x4",
        "--method magnitude --pattern 99999999999:4 | FIL-0604: --pattern",
        "--method magnitude --pattern 2:4 --sparsity 0.9 | FIL-0604: --sparsity is 0.9",
        "--method magnitude --pattern 2:5 | FIL-0637",
        "--method magnitude --pattern unstructured --sparsity 0.5 --scope tensor | FIL-0604: --scope is tensor; legal: row, layer, global",
        "--method magnitude --pattern 2:4 --include none* | FIL-0632: --include",
        "--method magnitude --pattern 2:4 --exclude none* | FIL-0632: --exclude",
        "--method magnitude --pattern 2:4 --exclude * | FIL-0633",
        "--method magnitude --pattern 2:4 --on-indivisible maybe | FIL-0604: --on-indivisible is maybe; legal: fail, skip",
        "--method magnitude --pattern 2:4 --allocation erk | FIL-0634",
        "--method magnitude --pattern 2:4 --colour red | FIL-0609",
        "--method wanda --pattern 2:4 | FIL-0636: wanda needs calibration data",
        "--method gblm --pattern 2:4 | FIL-0421: gblm is not defined for a file of weights, which has no gradients",
        "--method magnitude --pattern 2:4 --refine dsnot | FIL-0636: dsnot needs calibration data",
        "--method magnitude --pattern 2:4 --refine swaps | FIL-0604: --refine is swaps; legal: dsnot",
        "--method sparsegpt --pattern 2:4 | FIL-0636: sparsegpt",
        "--method sparsegpt --pattern block:4x1 --sparsity 0.5 | FIL-0421",
        "--method sparsegpt --pattern unstructured --sparsity 0.5 --scope global | FIL-0421",
      })
  void badArgumentsAreOneMessage(String arguments, String message) {
    SafetensorsWriter.write(
        Path.of(w), List.of(matrix("a.weight", DType.F32, 8, 16, new Random(7))), Map.of());
    List<String> all = new ArrayList<>(List.of("prune", "--in", w, "--out", o));
    all.addAll(List.of(arguments.split(" ")));
    assertThat(run(all)).isEqualTo(2);
    assertThat(err.toString()).contains(message).doesNotContain("\tat ");
    assertThat(out.toString()).isEmpty();
    assertThat(Path.of(o)).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "I8 | 8 | 16 | 1 | is of type I8",
        "F64 | 8 | 16 | 1 | is of type F64",
        "F32 | 0 | 16 | 1 | has no elements",
        "F32 | 8 | 0 | 1 | has no elements",
        "F32 | 8 | 16 | NaN | holds NaN at row 1, column 3",
        "F16 | 8 | 16 | NaN | holds NaN at row 1, column 3",
        "BF16 | 8 | 16 | Infinity | holds Infinity at row 1, column 3",
      })
  void matricesThatCannotBePrunedAreNamed(
      DType type, int rows, int cols, float value, String message) {
    ByteBuffer data =
        ByteBuffer.allocate(rows * cols * type.bits() / 8).order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case F32 -> {
        if (data.capacity() > 0) {
          data.putFloat(4 * 19, value);
        }
      }
      case F16 -> data.putShort(2 * 19, (short) 0x7E00);
      case BF16 -> data.putShort(2 * 19, (short) 0x7F80);
      default -> data.put(19, (byte) 1);
    }
    Tensor bad = Tensor.of("bad.weight", type, new long[] {rows, cols}, data);
    SafetensorsWriter.write(
        Path.of(w), List.of(bad, matrix("good", DType.F32, 8, 16, new Random(8))), Map.of());
    List<String> arguments =
        List.of("prune", "--in", w, "--method", "magnitude", "--pattern", "2:4", "--out", o);
    assertThat(run(arguments)).isEqualTo(2);
    assertThat(err.toString())
        .contains("FIL-0630: " + w + ": tensor bad.weight " + message)
        .doesNotContain("\tat ");
    assertThat(Path.of(o)).doesNotExist();
    List<String> excluding = new ArrayList<>(arguments);
    excluding.addAll(List.of("--exclude", "bad.*"));
    assertThat(run(excluding)).isZero();
    assertThat(SafetensorsFile.open(Path.of(o)).tensor("bad.weight").orElseThrow().data())
        .isEqualTo(data);
  }

  @Test
  void badInputsAreNamed() {
    Random random = new Random(9);
    SafetensorsWriter.write(
        Path.of(w), List.of(matrix("a.weight", DType.F32, 8, 16, random)), Map.of());
    ByteBuffer nan = ByteBuffer.allocate(4 * 32).order(ByteOrder.LITTLE_ENDIAN);
    nan.putFloat(4 * 17, Float.NaN);
    Map<Tensor, String> bad =
        Map.of(
            matrix("other", DType.F32, 4, 16, random), "has no tensor for a.weight",
            matrix("a.weight", DType.F32, 4, 12, random), "has rows of 12 inputs",
            matrix("a.weight", DType.F32, 0, 16, random), "has no tokens",
            matrix("a.weight", DType.I8, 4, 16, random), "has the type I8",
            Tensor.of("a.weight", DType.F32, new long[] {2, 16}, nan),
                "holds NaN at token 1, input 1",
            Tensor.of("a.weight", DType.F32, new long[] {32}, nan), "has the shape [32]");
    bad.forEach(
        (tensor, message) -> {
          SafetensorsWriter.write(Path.of(x), List.of(tensor), Map.of());
          assertThat(
                  run(
                      "prune",
                      "--in",
                      w,
                      "--inputs",
                      x,
                      "--method",
                      "wanda",
                      "--pattern",
                      "2:4",
                      "--out",
                      o))
              .isEqualTo(2);
          assertThat(err.toString()).contains("FIL-0631: " + x).contains(message);
          assertThat(Path.of(o)).doesNotExist();
        });
  }

  @Test
  void placesThatCannotBeWrittenAreRefused() throws IOException {
    SafetensorsWriter.write(
        Path.of(w), List.of(matrix("a.weight", DType.F32, 8, 16, new Random(10))), Map.of());
    byte[] before = Files.readAllBytes(Path.of(w));
    String none = folder.resolve("none").resolve("o.safetensors").toString();
    for (String place : List.of(w, folder.toString(), none)) {
      assertThat(
              run("prune", "--in", w, "--method", "magnitude", "--pattern", "2:4", "--out", place))
          .isEqualTo(2);
      assertThat(err.toString()).containsAnyOf("FIL-0434", "FIL-0403").contains(place);
      assertThat(run("pack", "--in", w, "--out", place)).isEqualTo(2);
      assertThat(run("strip", "--in", w, "--out", place)).isEqualTo(2);
    }
    assertThat(Path.of(w)).hasBinaryContent(before);
    assertThat(run("inspect", none)).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0404").contains(none);
    assertThat(run("verify", w)).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0437");
    assertThat(run("unpack", "--in", w, "--out", o)).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0414");
  }

  @Test
  void indivisibleWidthsAreSkippedWhereAsked() {
    Random random = new Random(11);
    SafetensorsWriter.write(
        Path.of(w),
        List.of(
            matrix("a.weight", DType.F32, 8, 16, random),
            matrix("odd.weight", DType.F32, 8, 15, random)),
        Map.of());
    List<String> arguments =
        new ArrayList<>(
            List.of("prune", "--in", w, "--method", "magnitude", "--pattern", "2:4", "--out", o));
    assertThat(run(arguments)).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0637").contains("odd.weight has 15 inputs");
    arguments.addAll(List.of("--on-indivisible", "skip"));
    JsonObject result = json(arguments.toArray(new String[0]));
    assertThat(result.getAsJsonArray("tensors")).hasSize(1);
    assertThat(result.getAsJsonArray("skipped").get(0).getAsJsonObject().get("name").getAsString())
        .isEqualTo("odd.weight");
  }

  @Test
  void aReportNeverTakesThePlaceOfAnotherFile() throws IOException {
    SafetensorsWriter.write(
        Path.of(w), List.of(matrix("fc", DType.F32, 8, 8, new Random(1))), Map.of());
    byte[] before = Files.readAllBytes(Path.of(w));
    Path link = Files.createSymbolicLink(folder.resolve("link.json"), Path.of(w));
    Path model = Files.createDirectory(folder.resolve("model"));
    Files.copy(Path.of(w), model.resolve("model.safetensors"));
    Path inside = model.resolve("model.safetensors");
    String[][] taken = {
      {"--in", w, "--out", o, "--json", w},
      {"--in", w, "--out", o, "--json", o},
      {"--in", w, "--out", o, "--json", link.toString()},
      {"--in", w, "--out", o, "--json", folder + "/x/../w.safetensors"},
      {"--in", model.toString(), "--out", o, "--json", inside.toString()},
      {"--in", model + "/model.safetensors.index.json", "--out", o, "--json", inside.toString()},
    };
    for (String[] arguments : taken) {
      List<String> all = new ArrayList<>(List.of("prune", "--method", "magnitude"));
      all.addAll(List.of("--pattern", "2:4"));
      all.addAll(List.of(arguments));
      assertThat(run(all)).isEqualTo(2);
      assertThat(err.toString()).contains("FIL-0870: --json");
      assertThat(Path.of(w)).hasBinaryContent(before);
      assertThat(inside).hasBinaryContent(before);
      assertThat(Path.of(o)).doesNotExist();
    }
    assertThat(run("inspect", w, "--json", w)).isEqualTo(2);
    assertThat(err.toString()).contains("would be written over what FILE names");
    assertThat(run("inspect", model.toString(), "--json", model + "/new.json")).isZero();
  }
}
