package dev.filigree.decoder;

import dev.filigree.decoder.gguf.GgufFile;
import dev.filigree.decoder.load.ConfigJson;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.sparsity.DecoderPruning;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.decoder.store.CompressPlan;
import dev.filigree.decoder.store.ModelWriter;
import dev.filigree.decoder.text.GgufTokenizerJson;
import dev.filigree.file.PackedDirectory;
import dev.filigree.file.Progress;
import dev.filigree.kernel.ValueType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Small right files of every kind that {@link LoaderTarget} reads. */
final class FuzzSeeds {
  /** Ids of the tokenizer of llama2.c: three special ones, bytes, pieces. */
  static final int PIECES = 265;

  private static final int[] IDS = {1, 4, 5, 6, 7, 3, 2, 8, 9, 4, 1, 0};

  private FuzzSeeds() {}

  static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static byte[] llama2c(DecoderConfig c) {
    int floats = 0;
    for (long[] shape : TensorShapes.of(c).values()) {
      floats += (int) (shape[0] * (shape.length > 1 ? shape[1] : 1));
    }
    floats += c.context() * c.headDim();
    ByteBuffer out = ByteBuffer.allocate(28 + 4 * floats).order(ByteOrder.LITTLE_ENDIAN);
    for (int v :
        new int[] {
          c.dim(), c.hidden(), c.layers(), c.heads(), c.kvHeads(), -c.vocab(), c.context()
        }) {
      out.putInt(v);
    }
    for (int i = 0; out.hasRemaining(); i++) {
      out.putFloat((i % 7 - 3) / 8f);
    }
    return out.array();
  }

  static byte[] llama2cTokenizer() {
    List<String> pieces = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    for (int b = 0; b < 256; b++) {
      pieces.add(String.format("<0x%02X>", b));
    }
    pieces.addAll(List.of(" ", "a", "b", "c", "ab", "bc"));
    GgufWriter.Out out = new GgufWriter.Out().put(27, 4);
    for (int i = 0; i < pieces.size(); i++) {
      byte[] piece = utf8(pieces.get(i));
      out.put(Float.floatToRawIntBits(-i), 4).put(piece.length, 4);
      out.raw(piece);
    }
    return out.all();
  }

  static List<byte[]> ggufTokenizers() {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>", "<|im_end|>"));
    for (int b = 0; b < 256; b++) {
      tokens.add(String.format("<0x%02X>", b));
    }
    tokens.addAll(List.of("\u2581", "a", "b", "c", "ab", "bc"));
    int[] types = new int[tokens.size()];
    float[] scores = new float[tokens.size()];
    for (int i = 0; i < types.length; i++) {
      types[i] = i == 0 ? 2 : i < 4 ? 3 : i < 260 ? 6 : 1;
      scores[i] = -i;
    }
    GgufWriter pieces =
        new GgufWriter()
            .text("tokenizer.ggml.model", "llama")
            .u32("tokenizer.ggml.bos_token_id", 1)
            .u32("tokenizer.ggml.eos_token_id", 2)
            .u32("tokenizer.ggml.unknown_token_id", 0)
            .flag("tokenizer.ggml.add_space_prefix", true)
            .text("tokenizer.chat_template", TEMPLATES.get(0))
            .texts("tokenizer.ggml.tokens", tokens)
            .i32s("tokenizer.ggml.token_type", types)
            .f32s("tokenizer.ggml.scores", scores);
    GgufWriter bytes =
        new GgufWriter()
            .text("tokenizer.ggml.model", "gpt2")
            .text("tokenizer.ggml.pre", "gpt-2")
            .u32("tokenizer.ggml.bos_token_id", 6)
            .texts("tokenizer.ggml.merges", List.of("a b", "ab c"))
            .text("tokenizer.chat_template", TEMPLATES.get(1))
            .texts("tokenizer.ggml.tokens", List.of("a", "b", "c", "ab", "abc", "\u0120", "<e>"))
            .i32s("tokenizer.ggml.token_type", 1, 1, 1, 1, 1, 1, 3);
    return List.of(pieces.bytes(), bytes.bytes());
  }

  static List<byte[]> tokenizerJsons(Path folder) {
    List<byte[]> out = new ArrayList<>();
    for (byte[] gguf : ggufTokenizers()) {
      try {
        Path file = Files.write(folder.resolve("seed.gguf"), gguf);
        out.add(utf8(GgufTokenizerJson.of(GgufFile.open(file).metadata(), file)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return out;
  }

  static List<byte[]> configs(DecoderConfig c) {
    String plain = ConfigJson.text(c);
    String more =
        plain.replace(
            "\"rope_theta\"",
            "\"hidden_act\":\"silu\",\"sliding_window\":8,\"rope_scaling\":{\"rope_type\":\"llama3\","
                + "\"factor\":8.0,\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,"
                + "\"original_max_position_embeddings\":8},\"rope_theta\"");
    String linear =
        plain.replace(
            "\"rope_theta\"",
            "\"rope_parameters\":{\"type\":\"linear\",\"factor\":2,\"rope_theta\":500.0},"
                + "\"mlp_bias\":false,\"attention_bias\":null,\"unused\"");
    String factors =
        plain.replace(
            "\"rope_theta\"",
            "\"rope_scaling\":{\"rope_type\":\"filigree_factors\",\"factors\":[1.0,2.0]},"
                + "\"rope_theta\"");
    return List.of(utf8(plain), utf8(more), utf8(linear), utf8(factors));
  }

  private static final List<String> TEMPLATES =
      List.of(
          """
          {{- bos_token }}
          {%- for m in messages %}
            {%- if m.role == 'system' and loop.first %}<<{{ m['content'] | trim }}>>
            {%- elif m.role == 'user' %}[INST] {{ m.content }} [/INST]
            {%- else %}{{ raise_exception('no ' + m.role) }}
            {%- endif %}
          {%- endfor %}
          {%- if add_generation_prompt is defined and add_generation_prompt %}>{% endif %}
          """,
          """
          {% set ns = namespace(n=0) %}{% macro turn(r, c) %}<|{{ r }}|>{{ c.strip() }}{% endmacro %}
          {% for m in messages[0:2] %}{% set ns.n = ns.n + 1 %}{{ turn(m.role, m.content) }}
          {{ [ns.n, m.content.split(' ')[0], {'a': 1}] | tojson }}{% endfor %}
          {{ messages | map(attribute='role') | join(', ') }}{{ strftime_now('%d %b %Y') }}
          """);

  static List<byte[]> templates() {
    return TEMPLATES.stream().map(FuzzSeeds::utf8).toList();
  }

  static List<byte[]> tokenizerConfigs() {
    return List.of(
        utf8(
            "{\"bos_token\":\"<s>\",\"eos_token\":{\"content\":\"</s>\",\"lstrip\":false},"
                + "\"chat_template\":\"{{ bos_token }}{% for m in messages %}{{ m.content }}"
                + "{% endfor %}\"}"),
        utf8(
            "{\"unk_token\":null,\"chat_template\":[{\"name\":\"default\",\"template\":"
                + "\"{{ messages[0].content }}\"},{\"name\":\"tool_use\",\"template\":\"x\"}]}"));
  }

  /** A packed directory with thresholds and all else; made once in a folder. */
  static Path packedFolder(Path folder) {
    return packedFolder(folder, "packed", null, "teal:0.5");
  }

  private static Path packedFolder(Path folder, String name, String weights, String activation) {
    Path target = folder.resolve(name);
    if (!Files.exists(target)) {
      ModelWriter.write(
          target,
          new RandomModel(LoaderTarget.CONFIG, 3),
          new CompressPlan(
              Optional.ofNullable(weights).map(SparsitySpec::weights),
              Optional.ofNullable(activation).map(SparsitySpec::activation),
              ValueType.F32,
              List.of(IDS),
              Optional.empty(),
              DecoderPruning.Mode.SEQUENTIAL),
          Map.of(PackedDirectory.CONFIG, utf8(ConfigJson.text(LoaderTarget.CONFIG))),
          Progress.SILENT);
    }
    return target;
  }

  static List<byte[]> ofPacked(Path folder, String name) {
    Path file = packedFolder(folder).resolve(name);
    return List.of(
        Files.exists(file) ? read(file) : utf8("{\"sequences\":[\"" + "0f".repeat(32) + "\"]}"));
  }

  static List<byte[]> packedWeights(Path folder) {
    return List.of(
        read(packedFolder(folder).resolve(PackedDirectory.WEIGHTS)),
        read(
            packedFolder(folder, "pruned", "magnitude:unstructured:0.8", null)
                .resolve(PackedDirectory.WEIGHTS)));
  }

  /** That directory with another file in it, and its digest in the receipt. */
  static Path packed(Path folder, String name, byte[] data) {
    PackedDirectory right = PackedDirectory.open(packedFolder(folder));
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (String file : right.receipt().files().keySet()) {
      files.put(file, right.content(file).orElseThrow());
    }
    files.put(name, data);
    Path changed = folder.resolve("changed");
    delete(changed);
    PackedDirectory.write(
        changed,
        new PackedDirectory.Contents(right.weights().entries(), Map.of(), right.receipt(), files));
    return changed;
  }

  static void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
