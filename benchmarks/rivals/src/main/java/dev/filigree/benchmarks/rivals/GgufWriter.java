package dev.filigree.benchmarks.rivals;

import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.file.DType;
import dev.filigree.file.FloatTensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Writes a decoder without biases as a GGUF file, version 3, architecture {@code llama}, tensor by
 * tensor.
 */
final class GgufWriter {
  private static final int ALIGNMENT = 32;

  /** Weights of one block of Q8_0. */
  private static final int BLOCK = 32;

  private static final int BLOCK_BYTES = 34;

  private static final int UINT32 = 4;
  private static final int INT32 = 5;
  private static final int FLOAT32 = 6;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  /** How matrices are stored; norms are F32. */
  enum Type {
    F32(0, 0),
    F16(1, 1),
    Q8_0(8, 7);

    private final int code;
    private final int fileType;

    Type(int code, int fileType) {
      this.code = code;
      this.fileType = fileType;
    }
  }

  private final DecoderWeights weights;
  private final DecoderConfig config;
  private final Type type;
  private final ByteArrayOutputStream header = new ByteArrayOutputStream();
  private int entries;

  private GgufWriter(DecoderWeights weights, Type type) {
    this.weights = weights;
    this.config = weights.config();
    this.type = type;
  }

  /** Writes a file; one that is there is replaced. */
  static void write(Path target, DecoderWeights weights, Type type) {
    if (weights.config().qkvBias() || weights.config().outputBias()) {
      throw new IllegalArgumentException("architecture llama has no biases");
    }
    try (FileChannel out =
        FileChannel.open(
            target,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      new GgufWriter(weights, type).write(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void write(FileChannel out) throws IOException {
    Map<String, long[]> shapes = TensorShapes.of(config);
    ByteArrayOutputStream start = new ByteArrayOutputStream();
    metadata();
    put(start, 0x46554747, 4);
    put(start, 3, 4);
    put(start, shapes.size(), 8);
    put(start, entries, 8);
    long offset = 0;
    for (Map.Entry<String, long[]> e : shapes.entrySet()) {
      long[] shape = e.getValue();
      text(header, name(e.getKey()));
      put(header, shape.length, 4);
      // The file has the innermost dimension first.
      for (int i = shape.length - 1; i >= 0; i--) {
        put(header, shape[i], 8);
      }
      put(header, stored(shape).code, 4);
      put(header, offset, 8);
      offset += aligned(bytes(shape));
    }
    start.writeBytes(header.toByteArray());
    start.writeBytes(new byte[(int) (aligned(start.size()) - start.size())]);
    all(out, ByteBuffer.wrap(start.toByteArray()));
    for (Map.Entry<String, long[]> e : shapes.entrySet()) {
      long[] shape = e.getValue();
      all(out, encoded(stored(shape), values(e.getKey(), shape)));
      all(out, ByteBuffer.allocate((int) (aligned(bytes(shape)) - bytes(shape))));
    }
  }

  private void metadata() {
    DecoderConfig c = config;
    string("general.architecture", "llama");
    string("general.name", "generated");
    number("general.file_type", UINT32, type.fileType, 4);
    count("context_length", c.context());
    count("embedding_length", c.dim());
    count("block_count", c.layers());
    count("feed_forward_length", c.hidden());
    count("attention.head_count", c.heads());
    count("attention.head_count_kv", c.kvHeads());
    count("attention.key_length", c.headDim());
    count("attention.value_length", c.headDim());
    count("rope.dimension_count", c.headDim());
    count("vocab_size", c.vocab());
    real("llama.attention.layer_norm_rms_epsilon", (float) c.normEpsilon());
    real("llama.rope.freq_base", (float) c.ropeBase());
    string("tokenizer.ggml.model", "llama");
    key("tokenizer.ggml.tokens", ARRAY);
    put(header, STRING, 4);
    put(header, c.vocab(), 8);
    Vocabulary.texts(c.vocab()).forEach(t -> text(header, t));
    array("tokenizer.ggml.scores", FLOAT32, IntStream.range(0, c.vocab()).map(id -> 0));
    // 1 is an ordinary token, 2 the unknown one, 3 one that controls.
    array(
        "tokenizer.ggml.token_type",
        INT32,
        IntStream.range(0, c.vocab())
            .map(id -> id == Vocabulary.UNKNOWN ? 2 : id < Vocabulary.NEWLINE ? 3 : 1));
    number("tokenizer.ggml.unknown_token_id", UINT32, Vocabulary.UNKNOWN, 4);
    number("tokenizer.ggml.bos_token_id", UINT32, Vocabulary.BOS, 4);
    number("tokenizer.ggml.eos_token_id", UINT32, Vocabulary.EOS, 4);
    number("tokenizer.ggml.add_bos_token", BOOL, 0, 1);
    number("tokenizer.ggml.add_space_prefix", BOOL, 0, 1);
  }

  /** Q8_0 has whole blocks in a row; what does not divide is F16, as llama.cpp itself does it. */
  private Type stored(long[] shape) {
    if (shape.length == 1) {
      return Type.F32;
    }
    return type == Type.Q8_0 && shape[1] % BLOCK != 0 ? Type.F16 : type;
  }

  private long bytes(long[] shape) {
    long n = shape.length == 1 ? shape[0] : shape[0] * shape[1];
    return switch (stored(shape)) {
      case F32 -> 4 * n;
      case F16 -> 2 * n;
      case Q8_0 -> n / BLOCK * BLOCK_BYTES;
    };
  }

  /**
   * The values of a tensor. In rows of query and key, llama.cpp has the two components that are
   * rotated together next to each other; here the second one is half a head further down.
   */
  private FloatBuffer values(String name, long[] shape) {
    FloatBuffer values = weights.floats(name).asFloatBuffer();
    boolean rotated =
        IntStream.range(0, config.layers())
            .anyMatch(
                l -> name.equals(Projection.Q.weight(l)) || name.equals(Projection.K.weight(l)));
    if (!rotated) {
      return values;
    }
    int cols = (int) shape[1];
    int half = config.headDim() / 2;
    FloatBuffer out = FloatBuffer.allocate(values.remaining());
    for (int row = 0; row < shape[0]; row++) {
      int in = row % config.headDim();
      int from = row - in + in / 2 + in % 2 * half;
      out.put(row * cols, values, from * cols, cols);
    }
    return out;
  }

  private static ByteBuffer encoded(Type type, FloatBuffer values) {
    return switch (type) {
      case F32 -> FloatTensor.encode("", DType.F32, values);
      case F16 -> FloatTensor.encode("", DType.F16, values);
      case Q8_0 -> blocks(values);
    };
  }

  /** Each block is its largest magnitude divided by 127 as F16, then whole multiples of that. */
  private static ByteBuffer blocks(FloatBuffer values) {
    int n = values.remaining();
    float[] steps = new float[n / BLOCK];
    for (int b = 0; b < steps.length; b++) {
      for (int i = 0; i < BLOCK; i++) {
        steps[b] = Math.max(steps[b], Math.abs(values.get(b * BLOCK + i)) / 127);
      }
    }
    ByteBuffer halves =
        FloatTensor.encode("", DType.F16, FloatBuffer.wrap(steps)).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer out = ByteBuffer.allocate(n / BLOCK * BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int b = 0; b < steps.length; b++) {
      out.putShort(halves.getShort(2 * b));
      for (int i = 0; i < BLOCK; i++) {
        float v = values.get(b * BLOCK + i);
        out.put((byte) (steps[b] == 0 ? 0 : Math.round(v / steps[b])));
      }
    }
    return out.flip();
  }

  private String name(String ours) {
    Map<String, String> whole =
        Map.of(
            DecoderWeights.EMBEDDING,
            "token_embd.weight",
            DecoderWeights.FINAL_NORM,
            "output_norm.weight",
            DecoderWeights.HEAD,
            "output.weight");
    if (whole.containsKey(ours)) {
      return whole.get(ours);
    }
    List<String> parts = List.of(ours.split("\\."));
    Map<String, String> modules = new LinkedHashMap<>();
    modules.put("input_layernorm", "attn_norm");
    modules.put("post_attention_layernorm", "ffn_norm");
    modules.put("q_proj", "attn_q");
    modules.put("k_proj", "attn_k");
    modules.put("v_proj", "attn_v");
    modules.put("o_proj", "attn_output");
    modules.put("gate_proj", "ffn_gate");
    modules.put("up_proj", "ffn_up");
    modules.put("down_proj", "ffn_down");
    return "blk.%s.%s.weight".formatted(parts.get(2), modules.get(parts.get(parts.size() - 2)));
  }

  private void count(String key, int value) {
    number("llama." + key, UINT32, value, 4);
  }

  private void real(String key, float value) {
    number(key, FLOAT32, Float.floatToRawIntBits(value), 4);
  }

  private void number(String key, int valueType, long value, int width) {
    key(key, valueType);
    put(header, value, width);
  }

  private void string(String key, String value) {
    key(key, STRING);
    text(header, value);
  }

  private void array(String key, int elementType, IntStream values) {
    key(key, ARRAY);
    put(header, elementType, 4);
    put(header, config.vocab(), 8);
    values.forEach(v -> put(header, v, 4));
  }

  private void key(String key, int valueType) {
    entries++;
    text(header, key);
    put(header, valueType, 4);
  }

  private static void text(ByteArrayOutputStream out, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    put(out, utf8.length, 8);
    out.writeBytes(utf8);
  }

  private static void put(ByteArrayOutputStream out, long value, int width) {
    for (int i = 0; i < width; i++) {
      out.write((int) (value >>> 8 * i));
    }
  }

  private static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private static void all(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }
}
