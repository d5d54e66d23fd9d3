package dev.filigree.decoder;

import dev.filigree.decoder.load.ConfigJson;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.FrequencyFactors;
import dev.filigree.decoder.model.RopeLayout;
import dev.filigree.decoder.model.RopeScaling;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.file.DType;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.SafetensorsWriter;
import dev.filigree.file.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Small random models as files of every kind. */
final class Models {
  static final long SEED = 23;
  static final int VOCAB = 96;
  static final int CONTEXT = 48;

  private Models() {}

  static DecoderConfig config(
      boolean qwen, RopeLayout layout, Optional<RopeScaling> scaling, boolean tied) {
    return new DecoderConfig(
        64,
        96,
        2,
        4,
        2,
        16,
        VOCAB,
        CONTEXT,
        // The float of the file.
        (double) 1e-5f,
        10_000,
        layout,
        scaling,
        OptionalInt.empty(),
        qwen,
        false,
        tied,
        1,
        List.of(2));
  }

  static DecoderConfig llama() {
    return config(false, RopeLayout.HALF_SPLIT, Optional.empty(), false);
  }

  static DecoderConfig qwen() {
    return config(true, RopeLayout.HALF_SPLIT, Optional.empty(), true);
  }

  /** A directory in the layout of Hugging Face. */
  static Path directory(Path folder, DecoderWeights weights, DType type) {
    List<Tensor> tensors = new ArrayList<>();
    TensorShapes.of(weights.config())
        .forEach(
            (name, shape) ->
                tensors.add(
                    Tensor.of(
                        name,
                        type,
                        shape,
                        FloatTensor.encode(name, type, weights.floats(name).asFloatBuffer()))));
    return directory(folder, weights.config(), tensors);
  }

  static Path directory(Path folder, DecoderConfig config, List<Tensor> tensors) {
    try {
      Files.createDirectories(folder);
      SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of());
      Files.writeString(folder.resolve("config.json"), ConfigJson.text(config));
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A GGUF file of a model whose heads are rotated as Hugging Face has it: rows of query and key of
   * a Llama are put where the original Llama had them. Norms and biases stay F32.
   */
  static GgufWriter gguf(RandomModel model, int type) {
    return fill(new GgufWriter(), model, type);
  }

  /** The same into a file that has some metadata already. */
  static GgufWriter fill(GgufWriter w, RandomModel model, int type) {
    DecoderConfig c = model.config();
    metadata(w, c);
    c.ropeScaling()
        .filter(FrequencyFactors.class::isInstance)
        .map(FrequencyFactors.class::cast)
        .ifPresent(
            f -> {
              FloatBuffer values = FloatBuffer.allocate(f.factors().size());
              f.factors().forEach(x -> values.put(x.floatValue()));
              w.tensor(
                  "rope_freqs.weight", GgufWriter.F32, new long[] {values.limit()}, values.flip());
            });
    TensorShapes.of(c)
        .forEach(
            (name, shape) -> {
              FloatBuffer values = model.floats(name).asFloatBuffer();
              if (!c.qkvBias() && name.contains("q_proj")) {
                values = permuted(values, c.heads(), c.headDim());
              } else if (!c.qkvBias() && name.contains("k_proj")) {
                values = permuted(values, c.kvHeads(), c.headDim());
              }
              w.tensor(ggufName(name), shape.length == 1 ? GgufWriter.F32 : type, shape, values);
            });
    return w;
  }

  private static void metadata(GgufWriter w, DecoderConfig c) {
    String a = c.qkvBias() ? "qwen2" : "llama";
    w.text("general.architecture", a)
        .u32(a + ".block_count", c.layers())
        .u32(a + ".embedding_length", c.dim())
        .number(a + ".feed_forward_length", 10, c.hidden(), 8)
        .u32(a + ".attention.head_count", c.heads())
        .u32(a + ".attention.head_count_kv", c.kvHeads())
        .f32(a + ".attention.layer_norm_rms_epsilon", (float) c.normEpsilon())
        .f32(a + ".rope.freq_base", (float) c.ropeBase())
        .u32(a + ".rope.dimension_count", c.headDim())
        .u32(a + ".context_length", c.context())
        .u32("tokenizer.ggml.bos_token_id", 1)
        .u32("tokenizer.ggml.eos_token_id", 2);
  }

  /** Rows [heads][2][n / 2] become rows [heads][n / 2][2]. */
  private static FloatBuffer permuted(FloatBuffer rows, int heads, int headDim) {
    int cols = rows.limit() / heads / headDim;
    FloatBuffer out = FloatBuffer.allocate(rows.limit());
    for (int h = 0; h < heads; h++) {
      for (int i = 0; i < headDim / 2; i++) {
        for (int half = 0; half < 2; half++) {
          int from = (h * headDim + half * headDim / 2 + i) * cols;
          out.put((h * headDim + 2 * i + half) * cols, rows, from, cols);
        }
      }
    }
    return out;
  }

  static String ggufName(String name) {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("model.embed_tokens", "token_embd");
    parts.put("model.norm", "output_norm");
    parts.put("lm_head", "output");
    parts.put("model.layers.", "blk.");
    parts.put("input_layernorm", "attn_norm");
    parts.put("post_attention_layernorm", "ffn_norm");
    parts.put("self_attn.q_proj", "attn_q");
    parts.put("self_attn.k_proj", "attn_k");
    parts.put("self_attn.v_proj", "attn_v");
    parts.put("self_attn.o_proj", "attn_output");
    parts.put("mlp.gate_proj", "ffn_gate");
    parts.put("mlp.up_proj", "ffn_up");
    parts.put("mlp.down_proj", "ffn_down");
    String out = name;
    for (Map.Entry<String, String> e : parts.entrySet()) {
      out = out.replace(e.getKey(), e.getValue());
    }
    return out;
  }

  /** Logits of every position. */
  static float[][] logits(DecoderWeights weights, int... ids) {
    float[][] out = new float[ids.length][weights.config().vocab()];
    try (PackedDecoder packed = PackedDecoder.pack(weights, PackSettings.DENSE)) {
      packed
          .newSession(SessionSettings.dense(ids.length))
          .feed(ids, (i, values, at) -> values.get(at, out[i]));
    }
    return out;
  }
}
