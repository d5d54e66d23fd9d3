package dev.filigree.cli;

import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The model of {@link TinyModel} as a GGUF file, with a tokenizer of 512 ids. */
final class TinyGguf {
  private static final int FIRST_LETTER = 3 + 256;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private int keys;

  private TinyGguf() {}

  static Path write(Path file) {
    try {
      return Files.write(file, new TinyGguf().bytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private byte[] bytes() {
    metadata();
    byte[] metadata = out.toByteArray();
    out.reset();
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    Map<String, long[]> shapes = TensorShapes.of(TinyModel.weights().config());
    shapes.forEach(
        (name, shape) -> {
          text(ggufName(name));
          put(shape.length, 4);
          for (int i = shape.length - 1; i >= 0; i--) {
            put(shape[i], 8);
          }
          put(0, 4);
          put(data.size(), 8);
          ByteBuffer values = TinyModel.weights().floats(name);
          ByteBuffer bytes = ByteBuffer.allocate(values.limit()).order(ByteOrder.LITTLE_ENDIAN);
          bytes.asFloatBuffer().put(values.asFloatBuffer());
          data.writeBytes(bytes.array());
          data.writeBytes(new byte[-data.size() & 31]);
        });
    byte[] infos = out.toByteArray();
    out.reset();
    out.writeBytes("GGUF".getBytes(StandardCharsets.UTF_8));
    put(3, 4);
    put(shapes.size(), 8);
    put(keys, 8);
    out.writeBytes(metadata);
    out.writeBytes(infos);
    out.writeBytes(new byte[-out.size() & 31]);
    out.writeBytes(data.toByteArray());
    return out.toByteArray();
  }

  private void metadata() {
    DecoderConfig c = TinyModel.weights().config();
    // Rows of query and key of this architecture lie as in a directory.
    text("general.architecture", "qwen2");
    number("qwen2.block_count", c.layers());
    number("qwen2.embedding_length", c.dim());
    number("qwen2.feed_forward_length", c.hidden());
    number("qwen2.attention.head_count", c.heads());
    number("qwen2.attention.head_count_kv", c.kvHeads());
    number("qwen2.context_length", c.context());
    key("qwen2.attention.layer_norm_rms_epsilon", 12);
    put(Double.doubleToLongBits(c.normEpsilon()), 8);
    number("tokenizer.ggml.bos_token_id", 1);
    text("tokenizer.ggml.model", "llama");
    List<String> tokens = tokens();
    list("tokenizer.ggml.tokens", 8, tokens.size());
    tokens.forEach(this::text);
    list("tokenizer.ggml.token_type", 5, tokens.size());
    for (int i = 0; i < tokens.size(); i++) {
      put(i == 0 ? 2 : i < 3 ? 3 : i < FIRST_LETTER ? 6 : 1, 4);
    }
    list("tokenizer.ggml.scores", 6, tokens.size());
    for (int i = 0; i < tokens.size(); i++) {
      put(Float.floatToIntBits(-i), 4);
    }
  }

  private static List<String> tokens() {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    for (int b = 0; b < 256; b++) {
      tokens.add(String.format("<0x%02X>", b));
    }
    tokens.add("▁");
    while (tokens.size() < 512) {
      // Letters first, whatever comes behind them then.
      tokens.add(new String(Character.toChars('a' + tokens.size() - FIRST_LETTER - 1)));
    }
    return tokens;
  }

  private static String ggufName(String name) {
    return name.replace("model.embed_tokens", "token_embd")
        .replace("model.norm", "output_norm")
        .replace("model.layers.", "blk.")
        .replace("input_layernorm", "attn_norm")
        .replace("post_attention_layernorm", "ffn_norm")
        .replace("self_attn.o_proj", "attn_output")
        .replace("self_attn.", "attn_")
        .replace("mlp.", "ffn_")
        .replace("_proj", "");
  }

  private void put(long value, int width) {
    for (int i = 0; i < width; i++) {
      out.write((int) (value >>> 8 * i));
    }
  }

  private void text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    put(bytes.length, 8);
    out.writeBytes(bytes);
  }

  private void key(String key, int type) {
    keys++;
    text(key);
    put(type, 4);
  }

  private void text(String key, String value) {
    key(key, 8);
    text(value);
  }

  private void number(String key, int value) {
    key(key, 4);
    put(value, 4);
  }

  private void list(String key, int type, int size) {
    key(key, 9);
    put(type, 4);
    put(size, 8);
  }
}
