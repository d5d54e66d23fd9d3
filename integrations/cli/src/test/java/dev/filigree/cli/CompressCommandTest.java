package dev.filigree.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.BlockActivation;
import dev.filigree.decoder.serve.InputChoice;
import dev.filigree.decoder.store.ModelDirectory;
import dev.filigree.file.DType;
import dev.filigree.file.ModelFiles;
import dev.filigree.file.PackedDirectory;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code compress}, and what the other commands make of the directory. */
final class CompressCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  @TempDir private Path folder;
  private String model;
  private String packed;
  private String calibration;
  private String evaluation;

  @BeforeEach
  void files() {
    model = TinyModel.write(folder.resolve("m"), DType.F32).toString();
    packed = at("p");
    calibration = TinyModel.ids(folder.resolve("c.json"), 1, 3, 41).toString();
    evaluation = TinyModel.ids(folder.resolve("e.json"), 2, 2, 33).toString();
  }

  private String at(String name) {
    return folder.resolve(name).toString();
  }

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }

  private JsonObject json(List<String> arguments) {
    List<String> all = new ArrayList<>(arguments);
    all.addAll(List.of("--json", "-"));
    assertThat(run(all.toArray(new String[0]))).as("%s %s", arguments, err).isZero();
    return JsonParser.parseString(out.toString()).getAsJsonObject();
  }

  private JsonObject json(String... arguments) {
    return json(List.of(arguments));
  }

  private List<String> with(List<String> base, String... more) {
    List<String> all = new ArrayList<>(base);
    all.addAll(Arrays.asList(more));
    return all;
  }

  private List<String> options(String weights, String activation, String values) {
    List<String> all = new ArrayList<>(List.of("--calibration", calibration));
    if (weights != null) {
      all.addAll(List.of("--weights", weights));
    }
    if (activation != null) {
      all.addAll(List.of("--activation", activation));
    }
    if (values != null) {
      all.addAll(List.of("--values", values));
    }
    return all;
  }

  private JsonObject compress(String... options) {
    return json(with(List.of("compress", "--model", model, "--out", packed), options));
  }

  private JsonObject eval(String of, List<String> options) {
    return json(
        with(List.of("eval", "--model", of, "--ids", evaluation), options.toArray(new String[0])));
  }

  private JsonObject eval(String of, String... options) {
    return eval(of, List.of(options));
  }

  private JsonArray greedy(String of, List<String> options) throws IOException {
    Path prompt = Files.writeString(folder.resolve("prompt.json"), "[1, 17, 4]");
    return json(with(
            List.of("generate", "--model", of, "--ids", prompt.toString(), "--steps", "30"),
            options.toArray(new String[0])))
        .getAsJsonArray("ids");
  }

  private static double number(JsonObject json, String name) {
    return json.get(name).getAsDouble();
  }

  @ParameterizedTest
  @CsvSource({
    ",, f32",
    ",, int8",
    "wanda:2:4,, f32",
    "sparsegpt:unstructured:0.5,, bf16",
    "wanda:unstructured:0.6,, int8",
    "magnitude:block:4x1:0.5,, f32",
    ", teal:0.5, f32",
    ", teal-greedy:0.05, f32",
    ", cats:0.5, bf16",
    ", cats:0.6, int8",
    ", wina:0.5, int8",
    ", topk:0.4, bf16",
    "wanda:2:4, teal:0.4, f32",
    "magnitude:2:4, wina:0.5, bf16",
    "wanda:2:4, cats:0.4, f32",
    "wanda:2:4, teal:0.4, int8"
  })
  void aDirectoryIsTheModelWithTheSameSettings(String weights, String activation, String values)
      throws IOException {
    List<String> options = options(weights, activation, values);
    JsonObject made = compress(options.toArray(new String[0]));
    JsonObject live = eval(model, options);
    JsonObject stored = eval(packed);
    assertThat(number(stored, "nll")).isCloseTo(number(live, "nll"), within(2e-6));
    assertThat(number(stored, "activation_sparsity"))
        .isCloseTo(number(live, "activation_sparsity"), within(1e-3));
    for (String key : List.of("weight_sparsity", "values", "thresholds", "masks")) {
      assertThat(stored.get(key)).as(key).isEqualTo(live.get(key));
    }
    assertThat(made.get("masks")).isEqualTo(live.get("masks"));
    assertThat(made.get("thresholds")).isEqualTo(live.get("thresholds"));
    assertThat(greedy(packed, List.of())).isEqualTo(greedy(model, options)).isNotEmpty();
    assertThat(run("verify", packed)).as(out.toString()).isZero();

    boolean sparse = weights != null && (activation == null || !values.equals("int8"));
    assertThat(made.get("sparse_matrices").getAsInt()).isEqualTo(sparse ? 28 : 0);
    if (sparse) {
      assertThat(number(made, "weight_bytes")).isLessThan(0.85 * number(made, "dense_bytes"));
    }
    int projections = 0;
    for (JsonElement e : json("inspect", packed).getAsJsonArray("tensors")) {
      JsonObject t = e.getAsJsonObject();
      if (t.get("name").getAsString().endsWith("_proj.weight")) {
        projections++;
        assertThat(number(t, "sparsity")).isBetween(0.0, 0.75);
        assertThat(t.get("format").getAsString().equals("bitmap")).isEqualTo(sparse);
        assertThat(t.getAsJsonArray("shape")).hasSize(2);
      }
    }
    assertThat(projections).isEqualTo(28);
  }

  @Test
  void storedActivationIsTheDefaultAndCanBeOverridden() throws IOException {
    compress("--activation", "teal:0.5", "--calibration", calibration);
    assertThat(number(eval(packed), "activation_sparsity")).isCloseTo(0.5, within(0.1));
    assertThat(number(eval(packed, "--activation", "none"), "nll"))
        .isCloseTo(number(eval(model), "nll"), within(2e-6));
    for (String spec : List.of("teal:0.3", "cats:0.5", "cats:0.07")) {
      JsonObject live = eval(model, "--activation", spec, "--calibration", calibration);
      JsonObject stored = eval(packed, "--activation", spec);
      assertThat(stored.get("thresholds")).as(spec).isEqualTo(live.get("thresholds"));
      assertThat(number(stored, "nll")).isCloseTo(number(live, "nll"), within(2e-6));
    }
    for (String spec : List.of("wina:0.5", "topk:0.25")) {
      assertThat(number(eval(packed, "--activation", spec), "nll"))
          .as(spec)
          .isCloseTo(number(eval(model, "--activation", spec), "nll"), within(2e-6));
    }
    for (String spec : List.of("teal:0.333", "teal-greedy:0.4")) {
      refused("FIL-0733", "eval", "--model", packed, "--ids", evaluation, "--activation", spec);
      assertThat(err.toString()).contains("teal:0.5, and teal and cats at every whole percent");
    }
    String[] other = {"--activation", "teal:0.333", "--calibration", calibration};
    assertThat(eval(packed, other).get("thresholds"))
        .isEqualTo(eval(model, other).get("thresholds"));
    assertThat(greedy(packed, List.of("--activation", "none"))).isEqualTo(greedy(model, List.of()));
  }

  @Test
  void int8ForAnotherWayOfSkippingIsRoundedTwiceAndSaysSo() {
    compress("--values", "int8");
    JsonObject stored = eval(packed, "--activation", "topk:0.5");
    assertThat(stored.getAsJsonArray("warnings").toString()).contains("FIL-0736");
    assertThat(err.toString()).contains("FIL-0736");
    assertThat(eval(packed, "--activation", "topk:0.5", "--values", "f32").get("values"))
        .hasToString("\"f32\"");
    assertThat(eval(packed).getAsJsonArray("warnings")).isEmpty();
  }

  @Test
  void shardsOfBf16AreStoredAsTheyAre() {
    model = TinyModel.writeSharded(folder.resolve("shards"), DType.BF16).toString();
    JsonObject made = compress("--values", "bf16");
    assertThat(number(eval(packed), "nll")).isEqualTo(number(eval(model), "nll"));
    assertThat(number(made, "weight_bytes"))
        .isCloseTo(number(made, "in_bytes"), within(0.05 * number(made, "in_bytes")));
    assertThat(run("unpack", "--in", packed, "--out", at("u"))).isZero();
    ModelFiles before = ModelFiles.open(Path.of(model));
    ModelFiles after = ModelFiles.open(folder.resolve("u"));
    before.tensors().stream()
        .filter(t -> t.shape().length == 2)
        .forEach(
            t ->
                assertThat(after.tensor(t.name()).orElseThrow().data())
                    .as(t.name())
                    .isEqualTo(t.data()));
  }

  @Test
  void everyFlippedBitOfEveryFileIsNoticed() throws IOException {
    compress("--weights", "wanda:2:4", "--activation", "teal:0.5", "--calibration", calibration);
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<Path> files;
    try (Stream<Path> there = Files.list(Path.of(packed))) {
      files = there.toList();
    }
    assertThat(files)
        .extracting(f -> f.getFileName().toString())
        .containsExactlyInAnyOrder(
            PackedDirectory.WEIGHTS,
            PackedDirectory.RECEIPT,
            PackedDirectory.CONFIG,
            PackedDirectory.THRESHOLDS,
            PackedDirectory.CALIBRATION);
    for (Path file : files) {
      for (int i = 0; i < 12; i++) {
        long at = i == 0 ? 0 : (long) (random.nextDouble() * Files.size(file));
        int bit = 1 << random.nextInt(8);
        flip(file, at, bit);
        assertThat(run("verify", packed)).as("%s, byte %s, seed %s", file, at, seed).isNotZero();
        flip(file, at, bit);
      }
      byte[] content = Files.readAllBytes(file);
      Files.delete(file);
      assertThat(run("verify", packed)).as("without %s", file).isNotZero();
      Files.write(file, content);
    }
    assertThat(run("verify", packed)).isZero();
    assertThat(out.toString()).contains("prune (wanda 2:4)").contains("activation (teal 0.5)");
    flip(Path.of(packed, PackedDirectory.CONFIG), 5, 1);
    refused("FIL-0402", "eval", "--model", packed, "--ids", evaluation);
  }

  private static void flip(Path file, long at, int bit) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, at);
      channel.write(ByteBuffer.wrap(new byte[] {(byte) (one.get(0) ^ bit)}), at);
    }
  }

  @Test
  void strippedAndUnpackedDirectoriesAreModels() {
    String[] pruned = {"--weights", "wanda:2:4", "--calibration", calibration};
    compress(pruned);
    assertThat(run("strip", "--in", packed, "--out", at("s"))).as(err.toString()).isZero();
    assertThat(run("unpack", "--in", packed, "--out", at("u"))).isZero();
    assertThat(run("unpack", "--in", packed, "--out", at("u.safetensors"))).isZero();
    double expected = number(eval(model, pruned), "nll");
    for (String plain : List.of("s", "u")) {
      assertThat(number(eval(at(plain)), "nll")).isCloseTo(expected, within(2e-6));
    }
    assertThat(ModelFiles.open(folder.resolve("s")).metadata()).containsOnlyKeys("format");
    assertThat(folder.resolve("s").toFile().list())
        .containsExactlyInAnyOrder("config.json", "model.safetensors");
    assertThat(ModelFiles.open(folder.resolve("u.safetensors")).tensors())
        .hasSameSizeAs(ModelFiles.open(Path.of(model)).tensors());
    // The unpacked model still has its receipt, and the zeros the receipt tells of.
    assertThat(run("verify", at("u.safetensors"))).isZero();
    String masks = eval(packed).get("masks").toString();
    packed = at("again");
    model = at("u");
    JsonObject made = compress();
    assertThat(made.get("sparse_matrices").getAsInt()).isEqualTo(28);
    assertThat(number(made, "weight_sparsity")).isEqualTo(0.5);
    assertThat(run("verify", packed)).as(out.toString()).isZero();
    JsonObject again = eval(packed);
    assertThat(again.get("masks")).hasToString(masks);
    assertThat(number(again, "nll")).isCloseTo(expected, within(2e-6));
  }

  @Test
  void aPrunedModelIsPackedAsItIs() {
    json("prune", "--in", model, "--method", "magnitude", "--pattern", "2:4", "--out", at("o"));
    String before = model;
    model = at("o");
    compress();
    assertThat(number(eval(packed), "nll"))
        .isCloseTo(number(eval(before, "--weights", "magnitude:2:4"), "nll"), within(2e-6));
    assertThat(run("verify", packed)).as(out.toString()).isZero();
    assertThat(out.toString()).contains("Step 1: prune (magnitude 2:4), 28 masks");
  }

  @Test
  void calibrationDataAreNoticedInAnEvaluation() throws IOException {
    compress("--weights", "wanda:2:4", "--calibration", calibration);
    refused("FIL-0734", "eval", "--model", packed, "--ids", calibration);
    JsonObject same = json("eval", "--model", packed, "--ids", calibration, "--allow-overlap");
    assertThat(same.get("overlap").getAsDouble()).isEqualTo(1);

    // Half of a sequence has none of its digests, but its windows.
    int[][] known = new Gson().fromJson(Files.readString(Path.of(calibration)), int[][].class);
    Path half = folder.resolve("half.json");
    int[][] part = {Arrays.copyOfRange(known[0], 2, 20), new int[18]};
    Files.writeString(half, new Gson().toJson(part));
    assertThat(number(json("eval", "--model", packed, "--ids", half.toString()), "overlap"))
        .isEqualTo(0.5);

    // What is calibrated again knows both.
    String again = at("again");
    String other = TinyModel.ids(folder.resolve("other.json"), 5, 3, 30).toString();
    json(
        "compress",
        "--model",
        packed,
        "--weights",
        "wanda:unstructured:0.6",
        "--calibration",
        other,
        "--out",
        again);
    for (String data : List.of(calibration, other)) {
      refused("FIL-0734", "eval", "--model", again, "--ids", data);
    }
    assertThat(number(json("eval", "--model", again, "--ids", half.toString()), "overlap"))
        .isEqualTo(0.5);
  }

  @Test
  void badInputIsOneMessageAndNothingIsLeft() throws IOException {
    Path full = Files.createDirectory(folder.resolve("full"));
    Files.writeString(full.resolve("x"), "x");
    Path outside = Files.writeString(folder.resolve("outside.json"), "[1, 2, 512, 3]");
    List<String> compress = List.of("compress", "--model", model, "--out", packed);
    refused("FIL-0709", "compress", "--model", at("none"), "--out", packed);
    refused("FIL-0403", "compress", "--model", model, "--out", full.toString());
    refused("FIL-0403", "compress", "--model", model, "--out", at("no/p"));
    refused("FIL-0403", "compress", "--model", model, "--out", model);
    refused("FIL-0403", "compress", "--model", model, "--out", calibration);
    refused("FIL-0719", with(compress, "--weights", "wanda:2:4"));
    refused("FIL-0719", with(compress, "--activation", "teal:0.5"));
    refused("FIL-0604", with(compress, "--weights", "wanda"));
    refused("FIL-0604", with(compress, "--weights", "gblm"));
    refused("FIL-0604", with(compress, "--activation", "teal:1"));
    refused("FIL-0604", with(compress, "--values", "fp8"));
    refused("FIL-0604", with(compress, "--calibration-mode", "x"));
    refused("FIL-0202", with(compress, "--weights", "magnitude:2:5"));
    refused("FIL-0421", with(compress, options("gblm:2:4", null, null).toArray(new String[0])));
    refused("FIL-0404", with(compress, "--weights", "wanda:2:4", "--calibration", at("none.json")));
    refused(
        "FIL-0714", with(compress, "--weights", "wanda:2:4", "--calibration", outside.toString()));
    refused("FIL-0710", with(compress, "--tokenizer", calibration));
    refused("FIL-0609", "compress", "--model", model);
    Path nan = TinyModel.write(folder.resolve("nan"), DType.F32);
    Path weights = nan.resolve("model.safetensors");
    try (FileChannel channel = FileChannel.open(weights, StandardOpenOption.WRITE)) {
      ByteBuffer bad = ByteBuffer.wrap(new byte[] {0, 0, (byte) 0xC0, 0x7F});
      channel.write(bad, Files.size(weights) - 64);
    }
    refused("FIL-0712", "compress", "--model", nan.toString(), "--out", packed);
    try (Stream<Path> there = Files.list(folder)) {
      assertThat(there.map(p -> p.getFileName().toString()))
          .containsExactlyInAnyOrder("m", "c.json", "e.json", "full", "outside.json", "nan");
    }
  }

  private void refused(String tag, List<String> arguments) {
    refused(tag, arguments.toArray(new String[0]));
  }

  private void refused(String tag, String... arguments) {
    assertThat(run(arguments)).as("%s", Arrays.toString(arguments)).isEqualTo(2);
    assertThat(err.toString()).contains(tag).doesNotContain("\tat ");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void stories260kKeepsItsTextAndItsLosses() throws IOException {
    JsonObject golden =
        JsonParser.parseString(Files.readString(TinyModel.shared("fixtures/stories260k.json")))
            .getAsJsonObject();
    JsonObject text =
        JsonParser.parseString(
                Files.readString(TinyModel.shared("fixtures/greedy_generation.json")))
            .getAsJsonObject()
            .getAsJsonObject("stories260K");
    model = TinyModel.shared("data/stories260K.bin").toString();
    String tokenizer = TinyModel.shared("data/tok512.bin").toString();
    Files.writeString(Path.of(calibration), golden.get("calibration_ids").toString());
    Files.writeString(Path.of(evaluation), golden.get("eval_ids").toString());
    compress("--tokenizer", tokenizer);
    JsonObject generated = json("generate", "--model", packed, "--prompt", "", "--steps", "200");
    assertThat(generated.get("ids")).isEqualTo(text.get("ids"));
    assertThat(generated.get("text")).isEqualTo(text.get("text"));
    int number = 0;
    for (String kind : List.of("pruning", "activation")) {
      for (JsonElement element : golden.getAsJsonArray(kind)) {
        JsonObject c = element.getAsJsonObject();
        packed = at("p" + ++number);
        List<String> options = new ArrayList<>(List.of("--calibration", calibration));
        options.addAll(
            List.of(
                kind.equals("pruning") ? "--weights" : "--activation",
                c.get("spec").getAsString()));
        if (c.has("calibration_mode")) {
          options.addAll(List.of("--calibration-mode", c.get("calibration_mode").getAsString()));
        }
        compress(options.toArray(new String[0]));
        assertThat(number(eval(packed), "nll"))
            .as("%s", c.get("spec"))
            .isCloseTo(number(c, "eval_nll"), within(number(c, "nll_tolerance")));
      }
    }
    assertThat(number).isGreaterThan(5);
  }

  /** What blocks of a trained model declare, layer by layer, goes from directory to directory. */
  @Test
  void whatADirectoryDeclaresIsKept() {
    DecoderConfig config = TinyModel.weights().config();
    List<BlockActivation> blocks = new ArrayList<>();
    for (int l = 0; l < config.layers(); l++) {
      List<InputChoice> inputs =
          new ArrayList<>(Collections.nCopies(Projection.values().length, InputChoice.ALL));
      if (l > 0) {
        inputs.set(
            Projection.DOWN.index(), new InputChoice(InputChoice.Kind.ABOVE, 0.5, 0.001f * l));
        inputs.set(Projection.V.index(), new InputChoice(InputChoice.Kind.TOPK, 0.25, 0));
        inputs.set(Projection.UP.index(), new InputChoice(InputChoice.Kind.WINA, 0.5, 0));
      }
      blocks.add(BlockActivation.of(config, inputs, new float[0], 0));
    }
    ActivationSetting setting = ActivationSetting.declared(blocks);
    Path plain = folder.resolve("plain");
    ModelDirectory.write(plain, TinyModel.weights(), DType.F32, Map.of(), setting);
    JsonObject dense = eval(model);
    JsonObject declared = eval(plain.toString());
    assertThat(declared.get("title").getAsString()).contains("activations declared");
    assertThat(number(declared, "nll")).isNotEqualTo(number(dense, "nll"));
    assertThat(number(declared, "activation_sparsity")).isGreaterThan(0.1);
    assertThat(declared.getAsJsonObject("thresholds").keySet())
        .containsExactly("1.w2", "2.w2", "3.w2");
    assertThat(number(eval(plain.toString(), "--activation", "none"), "nll"))
        .isEqualTo(number(dense, "nll"));

    String first = model;
    model = plain.toString();
    JsonObject made = compress();
    assertThat(made.get("activation").getAsString()).isEqualTo("declared");
    assertThat(number(eval(packed), "nll")).isCloseTo(number(declared, "nll"), within(2e-6));
    assertThat(run("verify", packed)).isZero();
    assertThat(out.toString()).contains("Step 1: activation (declared)");
    // And once more, from the packed one, in another type and without.
    model = packed;
    packed = at("again");
    assertThat(compress("--values", "bf16").get("activation").getAsString()).isEqualTo("declared");
    assertThat(number(eval(packed), "activation_sparsity"))
        .isCloseTo(number(declared, "activation_sparsity"), within(0.01));
    assertThat(run("verify", packed)).isZero();
    assertThat(out.toString().split("activation \\(", -1)).hasSize(2);
    packed = at("without");
    assertThat(compress("--activation", "none").get("activation").isJsonNull()).isTrue();
    assertThat(number(eval(packed), "nll")).isCloseTo(number(eval(first), "nll"), within(2e-6));
    refused(
        "FIL-0604", "eval", "--model", packed, "--ids", evaluation, "--activation", "declared:0.5");
    refused("FIL-0604", "eval", "--model", packed, "--ids", evaluation, "--activation", "declared");
  }
}
