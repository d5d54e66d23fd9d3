package dev.filigree.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.file.DType;
import dev.filigree.file.DataDigest;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.ActivationRule;
import dev.filigree.plan.RunOption;
import dev.filigree.recipe.Recipes;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code compress --recipe} and {@code prune --recipe}. */
final class RecipeCommandTest {
  private static final int PROJECTIONS = 28;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  @TempDir private Path folder;
  private String model;
  private String calibration;

  @BeforeEach
  void files() {
    model = TinyModel.write(folder.resolve("m"), DType.F32).toString();
    calibration = TinyModel.ids(folder.resolve("c.json"), 1, 3, 41).toString();
  }

  private String at(String name) {
    return folder.resolve(name).toString();
  }

  private String recipe(String... lines) throws IOException {
    return Files.writeString(folder.resolve("r.yaml"), String.join("\n", lines)).toString();
  }

  private int run(List<String> arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Main.run(
        new PrintWriter(out, true), new PrintWriter(err, true), arguments.toArray(new String[0]));
  }

  private JsonObject compress(String to, String... options) {
    List<String> all =
        new ArrayList<>(
            List.of("compress", "--model", model, "--calibration", calibration, "--out", at(to)));
    all.addAll(Arrays.asList(options));
    all.addAll(List.of("--json", "-"));
    assertThat(run(all)).as("%s %s", all, err).isZero();
    return JsonParser.parseString(out.toString()).getAsJsonObject();
  }

  private void refused(String message, String... options) throws IOException {
    refused(new String[] {"compress", "--model", model}, message, options);
  }

  private void refused(String[] command, String message, String... options) throws IOException {
    List<String> all = new ArrayList<>(Arrays.asList(command));
    all.addAll(List.of("--out", at("no")));
    all.addAll(Arrays.asList(options));
    assertThat(run(all)).isEqualTo(2);
    assertThat(err.toString().lines()).as(err.toString()).hasSize(1);
    assertThat(err.toString().replace(folder + "/", "").strip()).isEqualTo(message);
    assertThat(folder.resolve("no")).doesNotExist();
  }

  private Map<String, String> digests(String directory) throws IOException {
    Map<String, String> digests = new TreeMap<>();
    try (Stream<Path> files = Files.list(folder.resolve(directory))) {
      for (Path file : files.toList()) {
        digests.put(
            file.getFileName().toString(),
            DataDigest.of(DataDigest.Role.CALIBRATION, file).sha256());
      }
    }
    return digests;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "weights: wanda:2:4 | --weights wanda:2:4",
        "weights: {criterion: wanda, n: 2, m: 4} | --weights wanda:2:4",
        "weights: {criterion: sparsegpt, sparsity: 0.5} | --weights sparsegpt:unstructured:0.5",
        "weights: {sparsity: 0.5, granularity: block, block: [4, 1]} | --weights magnitude:block:4x1:0.5",
        "{weights: random:unstructured:0.29, seed: 7} | --weights random:unstructured:0.29 --seed 7",
        "{weights: wanda:unstructured:0.5, activation: teal:0.4, values: bf16} | --weights wanda:unstructured:0.5 --activation teal:0.4 --values bf16",
        "{weights: wanda:2:4, calibration-mode: dense} | --weights wanda:2:4 --calibration-mode dense",
        "{activation: {method: cats, sparsity: 0.5}, values: int8} | --activation cats:0.5 --values int8",
        "{activation: wina:0.5} | --activation wina:0.5",
        "{layers: [{weights: magnitude:2:4}, {include: '**', weights: wanda:2:4}]} | --weights wanda:2:4",
        "version: 1 | --values f32"
      })
  void aRecipeIsTheSameAsItsFlagsBitForBit(String recipe, String flags) throws IOException {
    compress("flags", flags.split(" "));
    compress("recipe", "--recipe", recipe(recipe));
    assertThat(digests("recipe")).isEqualTo(digests("flags")).hasSizeGreaterThan(1);
    assertThat(run(List.of("verify", at("recipe")))).as(out.toString()).isZero();
  }

  /** FATReLU from a recipe, in both spellings, and from the command line is the same directory. */
  @Test
  void reluHasAThreshold() throws IOException {
    Path config = Path.of(model).resolve("config.json");
    JsonObject json = JsonParser.parseString(Files.readString(config)).getAsJsonObject();
    json.addProperty("hidden_act", "relu");
    Files.writeString(config, json.toString());
    JsonObject made = compress("flags", "--activation", "relu:0.02");
    assertThat(made.get("activation").getAsString()).isEqualTo("relu:0.02");
    assertThat(made.getAsJsonObject("thresholds").get("0").getAsFloat()).isEqualTo(0.02f);
    compress("text", "--recipe", recipe("activation: relu:0.02"));
    assertThat(digests("text")).isEqualTo(digests("flags"));
    compress("keys", "--recipe", recipe("activation: {method: relu, threshold: 0.02}"));
    assertThat(digests("keys")).isEqualTo(digests("flags"));
    assertThat(run(List.of("verify", at("flags")))).as(err.toString()).isZero();
    assertThat(out.toString()).contains("Step 1: activation (relu 0.02)");
  }

  @Test
  void everyLayerIsPrunedAsTheLastRuleForItSays() throws IOException {
    String[] dense = {"--calibration-mode", "dense"};
    JsonObject half = compress("a", with(dense, "--weights", "wanda:unstructured:0.5"));
    JsonObject groups = compress("b", with(dense, "--weights", "sparsegpt:1:4"));
    JsonObject mixed =
        compress(
            "c",
            with(
                dense,
                "--recipe",
                recipe(
                    "weights: wanda:unstructured:0.5",
                    "layers:",
                    "  - include: '*.mlp.*'",
                    "    weights: {criterion: sparsegpt, pattern: 1:4}",
                    "  - include: ['*.layers.0.*', '*.layers.3.*']",
                    "    exclude: '*.down_proj.*'",
                    "    weights: none")));
    Map<String, String> expected = new TreeMap<>();
    for (String name : half.getAsJsonObject("masks").keySet()) {
      boolean edge = name.contains(".layers.0.") || name.contains(".layers.3.");
      if (!edge || name.contains("down_proj")) {
        JsonObject from = name.contains(".mlp.") ? groups : half;
        expected.put(name, from.getAsJsonObject("masks").get(name).getAsString());
      }
    }
    Map<String, String> found = new TreeMap<>();
    mixed
        .getAsJsonObject("masks")
        .entrySet()
        .forEach(e -> found.put(e.getKey(), e.getValue().getAsString()));
    assertThat(found).isEqualTo(expected).hasSize(PROJECTIONS - 12);
    assertThat(run(List.of("verify", at("c")))).as(out.toString()).isZero();
    assertThat(out.toString())
        .contains("Step 1: prune (wanda unstructured 0.5), 8 masks")
        .contains("Step 2: prune (sparsegpt 1:4), 8 masks")
        .contains("Step 3: compress, 16 masks");
    assertThat(run(List.of("inspect", at("c"), "--json", "-"))).isZero();
    double zeros = 0;
    double all = 0;
    for (var e :
        JsonParser.parseString(out.toString()).getAsJsonObject().getAsJsonArray("tensors")) {
      JsonObject t = e.getAsJsonObject();
      String name = t.get("name").getAsString();
      if (name.endsWith("_proj.weight")) {
        long size =
            t.getAsJsonArray("shape").get(0).getAsLong()
                * t.getAsJsonArray("shape").get(1).getAsLong();
        all += size;
        zeros += size * t.get("sparsity").getAsDouble();
        String pattern =
            !expected.containsKey(name) ? "dense" : name.contains(".mlp.") ? "1:4" : "unstructured";
        assertThat(t.get("pattern").getAsString()).as(name).isEqualTo(pattern);
      }
    }
    assertThat(mixed.get("weight_sparsity").getAsDouble())
        .isCloseTo(zeros / all, org.assertj.core.api.Assertions.within(1e-12));
  }

  private static String[] with(String[] base, String... more) {
    return Stream.concat(Arrays.stream(base), Arrays.stream(more)).toArray(String[]::new);
  }

  @Test
  void optionsOfTheCommandLineWinOverTheRecipe() throws IOException {
    String recipe =
        recipe(
            "weights: wanda:2:4",
            "activation: teal:0.5",
            "values: int8",
            "seed: 3",
            "calibration-mode: dense");
    compress(
        "a",
        "--recipe",
        recipe,
        "--weights",
        "random:unstructured:0.5",
        "--activation",
        "wina:0.3",
        "--values",
        "bf16",
        "--seed",
        "0",
        "--calibration-mode",
        "sequential");
    compress(
        "b",
        "--weights",
        "random:unstructured:0.5",
        "--activation",
        "wina:0.3",
        "--values",
        "bf16");
    assertThat(digests("a")).isEqualTo(digests("b"));
  }

  @Test
  void whatCompressCannotDoIsRefusedByName() throws IOException {
    refused(
        "FIL-0846: r.yaml, line 1: schedule does not go with compress, which prunes at once and does not train. Remove it.",
        "--recipe",
        recipe("weights: {sparsity: 0.5, schedule: {kind: linear}}"));
    refused(
        "FIL-0846: r.yaml, line 3: training does not go with compress, which prunes at once and does not train. Remove it.",
        "--recipe",
        recipe("values: f32", "layers:", "  - weights: {n: 2, m: 4, training: hard}"));
    refused(
        "FIL-0871: wanda counted over all blocks looks at the inputs of all of them before one is pruned. Say --calibration-mode dense, or calibration-mode: dense in the recipe.",
        "--calibration",
        calibration,
        "--recipe",
        recipe("weights: {criterion: wanda, sparsity: 0.5, scope: global}"));
    refused(
        "FIL-0846: r.yaml, line 1: pattern row does not go with compress, which prunes single weights, N:M and blocks. Take unstructured, N:M or block:RxC.",
        "--recipe",
        recipe("weights: {sparsity: 0.5, pattern: row}"));
    refused(
        "FIL-0846: r.yaml, line 2: activation of single layers does not go with compress, where a whole model skips in one way. Write activation at the top of the recipe.",
        "--recipe",
        recipe("layers:", "  - {include: '*.mlp.*', activation: teal:0.5}"));
    refused(
        "FIL-0846: r.yaml, line 1: lambda or end of relu does not go with compress, which does not train. Write activation: relu.",
        "--recipe",
        recipe("activation: {method: relu, lambda: 0.1}"));
    refused(
        "FIL-0846: r.yaml: allocation does not go with compress, which removes the same share of every projection. Remove it.",
        "--recipe",
        recipe("allocation: erk"));
    refused(
        "FIL-0719: wanda needs calibration data, and there are none. Pass --calibration with a JSON array of token ids.",
        "--recipe",
        recipe("layers:", "  - {include: '*.mlp.*', weights: wanda:2:4}"));
    refused(
        "FIL-0847: r.yaml, line 3: \"*.downproj.*\" matches none of the layers of m. Nearest: model.layers.0.mlp.down_proj.weight, model.layers.1.mlp.down_proj.weight, model.layers.2.mlp.down_proj.weight, model.layers.3.mlp.down_proj.weight, model.layers.0.self_attn.q_proj.weight. Correct the glob; * stands for any characters but '/'.",
        "--recipe",
        recipe(
            "weights: magnitude:2:4", "layers:", "  - {include: '*.downproj.*', weights: none}"));
    refused(
        "FIL-0404: none.yaml: cannot be read: there is no such file. Check the path and its permissions.",
        "--recipe",
        at("none.yaml"));
  }

  private JsonObject prune(String to, String... options) {
    List<String> all =
        new ArrayList<>(
            List.of("prune", "--in", model + "/model.safetensors", "--out", at(to), "--json", "-"));
    all.addAll(Arrays.asList(options));
    assertThat(run(all)).as("%s %s", all, err).isZero();
    return JsonParser.parseString(out.toString()).getAsJsonObject();
  }

  private static Map<String, String> masks(JsonObject pruned) {
    Map<String, String> masks = new TreeMap<>();
    for (var e : pruned.getAsJsonArray("tensors")) {
      JsonObject t = e.getAsJsonObject();
      masks.put(t.get("name").getAsString(), t.get("mask_sha256").getAsString());
    }
    return masks;
  }

  @ParameterizedTest
  @CsvSource({"magnitude, sequential", "random, sequential", "wanda, dense"})
  void compressCountsOverAllBlocksAsPruneDoesOverAllTensors(String method, String mode)
      throws IOException {
    String text = "weights: {criterion: %s, sparsity: 0.37, scope: global}".formatted(method);
    String rest = "layers: [{include: '*.q_proj.*', weights: wanda:2:4}]";
    JsonObject whole =
        compress(
            "g",
            "--recipe",
            recipe(text, "calibration-mode: " + mode, mode.equals("dense") ? rest : "version: 1"));
    String[] x = {"--inputs", inputs(), "--include", "*.layers.*"};
    Map<String, String> expected =
        masks(
            prune(
                "o.safetensors",
                with(x, "--recipe", recipe(text, mode.equals("dense") ? rest : "version: 1"))));
    JsonObject masks = whole.getAsJsonObject("masks");
    assertThat(masks.keySet()).isEqualTo(expected.keySet()).hasSize(28);
    masks.keySet().forEach(n -> assertThat(masks.get(n).getAsString()).isEqualTo(expected.get(n)));
    assertThat(run(List.of("verify", at("g")))).as(out.toString()).isZero();
  }

  private String inputs() {
    List<String> capture =
        List.of(
            "capture",
            "--model",
            model,
            "--calibration",
            calibration,
            "--out",
            at("x.safetensors"));
    assertThat(run(capture)).as(err.toString()).isZero();
    return at("x.safetensors");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "weights: magnitude:2:4 | --method magnitude --pattern 2:4",
        "{weights: magnitude:unstructured:0.5, allocation: erk} | --method magnitude --pattern unstructured --sparsity 0.5 --allocation erk",
        "weights: {sparsity: 0.5, scope: global} | --method magnitude --pattern unstructured --sparsity 0.5 --scope global",
        "{weights: random:block:4x1:0.29, seed: 9} | --method random --pattern block:4x1 --sparsity 0.29 --seed 9",
        "{weights: magnitude:3:32, on-indivisible: skip} | --method magnitude --pattern 3:32 --on-indivisible skip",
      })
  void pruneByARecipeIsTheSameAsByFlagsBitForBit(String recipe, String flags) throws IOException {
    prune("flags.safetensors", flags.split(" "));
    prune("recipe.safetensors", "--recipe", recipe(recipe));
    assertThat(Files.mismatch(Path.of(at("flags.safetensors")), Path.of(at("recipe.safetensors"))))
        .isEqualTo(-1);
  }

  @Test
  void everyTensorIsPrunedAsTheLastRuleForItSays() throws IOException {
    String[] x = {"--inputs", inputs(), "--include", "*.layers.*"};
    Map<String, String> expected =
        masks(prune("a.safetensors", with(x, "--method", "wanda", "--pattern", "2:4")));
    expected.putAll(
        masks(
            prune(
                "b.safetensors",
                "--include",
                "*.mlp.*",
                "--method",
                "magnitude",
                "--pattern",
                "unstructured",
                "--sparsity",
                "0.6",
                "--scope",
                "global")));
    expected.keySet().removeIf(name -> name.contains(".v_proj."));
    JsonObject mixed =
        prune(
            "c.safetensors",
            with(
                x,
                "--recipe",
                recipe(
                    "weights: wanda:2:4",
                    "layers:",
                    "  - {include: '*.mlp.*', weights: {sparsity: 0.6, scope: global}}",
                    "  - {include: '*.v_proj.*', weights: none}")));
    assertThat(masks(mixed)).isEqualTo(expected).hasSize(24);
    assertThat(mixed.getAsJsonArray("tensors").toString())
        .as("in the order of their names")
        .matches(".*layers.0.mlp.*layers.0.self_attn.*layers.1.mlp.*");
    assertThat(mixed.getAsJsonArray("skipped").toString()).contains("the recipe does not prune it");
    assertThat(run(List.of("verify", at("c.safetensors")))).as(out.toString()).isZero();
    assertThat(out.toString())
        .contains("Step 1: prune (wanda 2:4), 12 masks")
        .contains("Step 2: prune (magnitude unstructured 0.6), 12 masks");
  }

  @Test
  void whatPruneCannotDoIsRefusedByName() throws IOException {
    String[] prune = {"prune", "--in", model + "/model.safetensors"};
    String plain = recipe("weights: magnitude:2:4");
    refused(
        prune,
        "FIL-0609: --recipe stands in the place of --method, --pattern, --sparsity and --scope; give one or the other. See filigree prune --help.",
        "--recipe",
        plain,
        "--method",
        "magnitude");
    refused(
        prune,
        "FIL-0609: Missing: --method and --pattern, or --recipe. See filigree prune --help.");
    refused(
        prune,
        "FIL-0846: r.yaml: values does not go with prune, which keeps the type of every tensor. Remove it.",
        "--recipe",
        recipe("values: bf16"));
    refused(
        prune,
        "FIL-0846: r.yaml, line 1: activation does not go with prune, which only has weights. Remove it.",
        "--recipe",
        recipe("activation: teal:0.5"));
    refused(
        prune,
        "FIL-0847: r.yaml, line 1: \"*.q.*\" matches none of the layers of m/model.safetensors. Nearest: model.layers.0.self_attn.q_proj.weight, model.layers.1.self_attn.q_proj.weight, model.layers.2.self_attn.q_proj.weight, model.layers.3.self_attn.q_proj.weight, model.embed_tokens.weight. Correct the glob; * stands for any characters but '/'.",
        "--recipe",
        recipe("layers: [{include: '*.q.*', weights: magnitude:2:4}]"));
    refused(
        prune,
        "FIL-0636: wanda needs calibration data, and none were given. Add --inputs X.safetensors with the inputs of every layer, or use magnitude.",
        "--recipe",
        recipe("weights: wanda:2:4"));
  }

  @Test
  void recipesKnowTheSameWordsAsTheCommands() {
    assertThat(ActivationRule.METHODS)
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(ActivationSetting.Method.values())
                // Nobody asks for it: it is what a model's directory says.
                .filter(m -> m != ActivationSetting.Method.DECLARED)
                .map(ActivationSetting.Method::label)
                .toList());
    assertThat(RunOption.VALUES.legal()).containsExactlyInAnyOrderElementsOf(ValueType.labels());
  }

  @Test
  void recipesOfTheDocumentationAreLegal() throws IOException {
    String page = Files.readString(Path.of("../../docs/recipes.md"));
    Matcher blocks = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL).matcher(page);
    int count = 0;
    while (blocks.find()) {
      assertThat(Recipes.parse("docs/recipes.md", blocks.group(1)).rules()).isNotEmpty();
      count++;
    }
    assertThat(count).isGreaterThan(1);
  }
}
