package dev.filigree.benchmarks.rivals;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.Gson;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.sparsity.ActivationCalibration;
import dev.filigree.decoder.store.CompressPlan;
import dev.filigree.decoder.store.ModelWriter;
import dev.filigree.file.DType;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.PackedDirectory;
import dev.filigree.file.Progress;
import dev.filigree.file.SafetensorsWriter;
import dev.filigree.file.Tensor;
import dev.filigree.kernel.ValueType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** The generated model in every file format a contestant reads, with the ids it is run on. */
record ModelFolder(Path path) {
  private static final String DONE = "ids.json";
  private static final double SPARSITY = 0.5;

  /**
   * What all contestants are run on.
   *
   * @param prompt to continue
   * @param text drawn from the dense model in float32, for the loss
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Ids(int[] prompt, int[] text) {}

  /** Safetensors in float32. */
  Path f32() {
    return path.resolve("f32");
  }

  /** Safetensors in bfloat16. */
  Path bf16() {
    return path.resolve("bf16");
  }

  /** Safetensors as Jlama writes them for itself. */
  Path q4() {
    return path.resolve("q4");
  }

  /** The GGUF file of that type. */
  Path gguf(GgufWriter.Type type) {
    return path.resolve(type + ".gguf");
  }

  /** Packed by Filigree; with TEAL or CATS, which skip half, or without. */
  Path packed(ValueType values, Method method) {
    return path.resolve("packed-%s-%s".formatted(values.label(), method.label()));
  }

  Ids ids() {
    return read(DONE, Ids.class);
  }

  /**
   * Writes what is not there yet.
   *
   * @param prompt ids of the prompt
   * @param text ids of the text
   */
  void prepare(DecoderWeights model, int prompt, int text) {
    if (Files.exists(path.resolve(DONE))
        && ids().prompt().length == prompt
        && ids().text().length == text) {
      return;
    }
    try {
      safetensors(f32(), model, DType.F32);
      safetensors(bf16(), model, DType.BF16);
      JlamaContestant.quantise(f32(), q4());
      GgufWriter.write(gguf(GgufWriter.Type.F16), model, GgufWriter.Type.F16);
      GgufWriter.write(gguf(GgufWriter.Type.Q8_0), model, GgufWriter.Type.Q8_0);
      packed(model);
      // Last: it says that all else is complete.
      write(
          path.resolve(DONE),
          new Gson().toJson(new Ids(random(model.config(), prompt, 1), drawn(model, text))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void safetensors(Path folder, DecoderWeights model, DType type)
      throws IOException {
    DecoderConfig c = model.config();
    Files.createDirectories(folder);
    List<Tensor> tensors = new ArrayList<>();
    TensorShapes.of(c)
        .forEach(
            (name, shape) -> {
              FloatBuffer values = model.floats(name).asFloatBuffer();
              tensors.add(Tensor.of(name, type, shape, FloatTensor.encode(name, type, values)));
            });
    SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
    write(folder.resolve("config.json"), configJson(c, type));
    write(folder.resolve("README.md"), "A generated model.\n");
    write(folder.resolve("tokenizer.json"), Vocabulary.tokenizerJson(c.vocab()));
  }

  private static String configJson(DecoderConfig c, DType type) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("architectures", List.of("LlamaForCausalLM"));
    json.put("model_type", "llama");
    json.put("torch_dtype", type == DType.BF16 ? "bfloat16" : "float32");
    json.put("hidden_size", c.dim());
    json.put("intermediate_size", c.hidden());
    json.put("num_hidden_layers", c.layers());
    json.put("num_attention_heads", c.heads());
    json.put("num_key_value_heads", c.kvHeads());
    json.put("head_dim", c.headDim());
    json.put("vocab_size", c.vocab());
    json.put("max_position_embeddings", c.context());
    json.put("rms_norm_eps", c.normEpsilon());
    json.put("rope_theta", c.ropeBase());
    json.put("hidden_act", "silu");
    json.put("tie_word_embeddings", c.tiedHead());
    json.put("bos_token_id", Vocabulary.BOS);
    json.put("eos_token_id", Vocabulary.EOS);
    return new Gson().toJson(json);
  }

  private void packed(DecoderWeights model) {
    int length = Math.min(256, model.config().context());
    ActivationCalibration calibration =
        ActivationCalibration.of(
            model,
            List.of(random(model.config(), length, 2)),
            Set.of(Method.TEAL, Method.CATS),
            (done, total) -> {});
    Map<String, byte[]> files =
        Map.of("config.json", configJson(model.config(), DType.F32).getBytes(UTF_8));
    for (Method method : List.of(Method.NONE, Method.TEAL, Method.CATS)) {
      ActivationSetting activation =
          method == Method.NONE ? ActivationSetting.NONE : calibration.setting(method, SPARSITY);
      for (ValueType values : ValueType.values()) {
        Path target = packed(values, method);
        // One that is there is whole, and of this model.
        if (!PackedDirectory.isOne(target)) {
          ModelWriter.write(
              target, model, CompressPlan.keeping(activation, values), files, Progress.SILENT);
        }
      }
    }
  }

  private static int[] random(DecoderConfig c, int length, long seed) {
    return new SplittableRandom(seed).ints(length, Vocabulary.FIRST, c.vocab()).toArray();
  }

  /** Ids drawn one after the other with the probabilities the model gives them. */
  private static int[] drawn(DecoderWeights weights, int length) {
    SplittableRandom random = new SplittableRandom(3);
    try (PackedDecoder model = PackedDecoder.pack(weights, PackSettings.DENSE)) {
      DecoderSession session = model.newSession(SessionSettings.dense(length));
      int[] ids = random(weights.config(), length, 3);
      for (int i = 1; i < length; i++) {
        FloatBuffer logits = session.feed(ids[i - 1]);
        // The largest of logits with Gumbel noise is a draw from their softmax.
        double[] noisy =
            IntStream.range(0, weights.config().vocab())
                .mapToDouble(id -> logits.get(id) - Math.log(-Math.log(1 - random.nextDouble())))
                .toArray();
        ids[i] =
            IntStream.range(Vocabulary.FIRST, noisy.length)
                .reduce((a, b) -> noisy[b] > noisy[a] ? b : a)
                .orElseThrow();
      }
      return ids;
    }
  }

  private <T> T read(String name, Class<T> type) {
    try {
      return new Gson().fromJson(Files.readString(path.resolve(name)), type);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void write(Path file, String text) throws IOException {
    Files.writeString(file, text);
  }
}
