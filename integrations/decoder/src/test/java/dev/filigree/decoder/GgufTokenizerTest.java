package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import dev.filigree.decoder.gguf.GgufFile;
import dev.filigree.decoder.text.GgufTokenizerJson;
import dev.filigree.decoder.text.GgufVocabulary;
import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.plan.FiligreeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokenizers in GGUF files. */
final class GgufTokenizerTest {
  @TempDir private Path folder;

  private Tokenizer open(GgufWriter writer, int ids) {
    return Tokenizer.open(writer.write(folder.resolve("t.gguf")), ids);
  }

  /** Unknown, BOS, EOS, a control token, bytes, then pieces with scores. */
  private static GgufWriter sentencePiece() {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>", "[INST]"));
    for (int b = 0; b < 256; b++) {
      tokens.add(String.format("<0x%02X>", b));
    }
    tokens.addAll(List.of("▁", "a", "b", "c", "ab", "bc", "▁a", "abc"));
    int[] types = new int[tokens.size()];
    float[] scores = new float[tokens.size()];
    for (int i = 0; i < types.length; i++) {
      types[i] = i == 0 ? 2 : i < 4 ? 3 : i < 260 ? 6 : 1;
    }
    // bc before ab; "abc" is reached through a + bc as well as through ab + c.
    scores[264] = -3;
    scores[265] = -1;
    scores[266] = -2;
    scores[267] = -4;
    return new GgufWriter()
        .text("tokenizer.ggml.model", "llama")
        .texts("tokenizer.ggml.tokens", tokens)
        .i32s("tokenizer.ggml.token_type", types)
        .f32s("tokenizer.ggml.scores", scores)
        .u32("tokenizer.ggml.bos_token_id", 1)
        .u32("tokenizer.ggml.eos_token_id", 2)
        .u32("tokenizer.ggml.unknown_token_id", 0);
  }

  @Test
  void theBestScoreIsMergedFirst() {
    try (Tokenizer t = open(sentencePiece(), 300)) {
      assertThat(t.size()).isEqualTo(268);
      // _ a b c: bc (-1), then _a (-2), nothing makes _abc.
      assertThat(t.encode("abc")).containsExactly(266, 265);
      // No space in front of nothing.
      assertThat(t.encode("")).isEmpty();
      assertThat(t.encode("cabc")).containsExactly(260, 263, 267);
      assertThat(t.decode(t.encode("abc cab"))).isEqualTo("abc cab");
    }
  }

  @Test
  void whatHasNoPieceIsBytes() {
    try (Tokenizer t = open(sentencePiece(), 300)) {
      assertThat(t.encode("é")).containsExactly(260, 4 + 0xC3, 4 + 0xA9);
      assertThat(t.decode(t.encode("aé漢😀"))).isEqualTo("aé漢😀");
    }
  }

  @Test
  void controlTokensInATextAreTheirIds() {
    try (Tokenizer t = open(sentencePiece(), 300)) {
      assertThat(t.encode("<s>[INST]a")).containsExactly(1, 3, 266);
      assertThat(t.decode(List.of(1, 3, 266, 2))).isEqualTo("a");
    }
  }

  @Test
  void noSpaceInFrontWhereTheFileSaysSo() {
    GgufWriter w = sentencePiece().flag("tokenizer.ggml.add_space_prefix", false);
    try (Tokenizer t = open(w, 300)) {
      assertThat(t.encode("abc")).containsExactly(267);
    }
  }

  /** Letters, a space in its byte-level spelling, digits, two merges. */
  private static GgufWriter byteLevel(String pre) {
    List<String> tokens =
        new ArrayList<>(List.of("a", "b", "Ġ", "1", "2", "ab", "Ġab", "12", "aba", "Ã", "©"));
    tokens.add("<|end|>");
    int[] types = new int[tokens.size()];
    Arrays.fill(types, 1);
    types[11] = 3;
    return new GgufWriter()
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", pre)
        .texts("tokenizer.ggml.tokens", tokens)
        .i32s("tokenizer.ggml.token_type", types)
        .texts("tokenizer.ggml.merges", List.of("a b", "Ġ ab", "1 2"));
  }

  @Test
  void byteLevelMerges() {
    try (Tokenizer t = open(byteLevel("qwen2"), 12)) {
      assertThat(t.encode("ab ab<|end|>é")).containsExactly(5, 6, 11, 9, 10);
      // é as e and an accent is composed first.
      assertThat(t.encode("e\u0301")).containsExactly(9, 10);
      // Digits one by one, so that they never meet.
      assertThat(t.encode("12")).containsExactly(3, 4);
      assertThat(t.encode("aba")).containsExactly(5, 0);
      assertThat(t.decode(List.of(5, 6, 9, 10, 11))).isEqualTo("ab abé");
    }
    try (Tokenizer t = open(byteLevel("llama-bpe"), 12)) {
      assertThat(t.encode("12")).containsExactly(7);
      // A word that is a token is taken whole, without a merge that leads to it.
      assertThat(t.encode("aba")).containsExactly(8);
    }
    try (Tokenizer t = open(byteLevel("gpt-2"), 12)) {
      assertThat(t.encode("12 ab")).containsExactly(7, 6);
    }
  }

  private void refused(GgufWriter writer, int ids, String... texts) {
    Path file = writer.write(folder.resolve("bad.gguf"));
    assertThatThrownBy(() -> Tokenizer.open(file, ids).close())
        .isInstanceOf(FiligreeException.class)
        .hasMessageContainingAll(texts);
  }

  @Test
  void tokenizersThatAreNone() {
    refused(sentencePiece().without("tokenizer.ggml.model"), 300, "FIL-0823", "model is missing");
    refused(sentencePiece().text("tokenizer.ggml.model", "bert"), 300, "FIL-0823", "bert", "gpt2");
    refused(sentencePiece().without("tokenizer.ggml.tokens"), 300, "FIL-0823", "tokens is missing");
    refused(sentencePiece().without("tokenizer.ggml.scores"), 300, "FIL-0823", "scores is missing");
    refused(sentencePiece().f32s("tokenizer.ggml.scores", 1), 300, "FIL-0823", "1 scores for 268");
    refused(sentencePiece().i32s("tokenizer.ggml.token_type", 1), 300, "FIL-0823", "1 types");
    refused(byteLevel("default"), 12, "FIL-0823", "default", "llama-bpe, qwen2, gpt-2");
    refused(byteLevel("x").without("tokenizer.ggml.pre"), 12, "FIL-0823", "pre is missing");
    refused(byteLevel("qwen2").without("tokenizer.ggml.merges"), 12, "FIL-0823", "merges is");
    refused(
        byteLevel("qwen2").texts("tokenizer.ggml.merges", List.of("ab")), 12, "FIL-0823", "\"ab\"");
    refused(
        byteLevel("qwen2").texts("tokenizer.ggml.merges", List.of("a zz")), 12, "FIL-0823", "zz");
    refused(
        byteLevel("qwen2")
            .texts("tokenizer.ggml.tokens", List.of("a", "a"))
            .i32s("tokenizer.ggml.token_type", 1, 1),
        12,
        "FIL-0823",
        "ids 0 and 1");
    // One id more than the model has.
    refused(sentencePiece(), 267, "FIL-0711", "268", "267");
  }

  @Test
  void endsOfTexts() {
    GgufWriter llama = sentencePiece().u32("tokenizer.ggml.eot_token_id", 3);
    GgufVocabulary.Ends ends = ends(llama);
    assertThat(ends.bos()).isEqualTo(1);
    assertThat(ends.stops()).containsExactly(2, 3);
    assertThat(ends(llama.flag("tokenizer.ggml.add_bos_token", false)).bos()).isEqualTo(-1);
    assertThat(ends(byteLevel("qwen2").u32("tokenizer.ggml.bos_token_id", 4)).bos()).isEqualTo(-1);
    assertThat(ends(byteLevel("llama-bpe").u32("tokenizer.ggml.bos_token_id", 4)).bos())
        .isEqualTo(4);
    GgufWriter turns =
        byteLevel("qwen2")
            .texts("tokenizer.ggml.tokens", List.of("<|im_end|>", "<|eot_id|>", "x"))
            .i32s("tokenizer.ggml.token_type", 3, 1, 1)
            .u32("tokenizer.ggml.eos_token_id", 2);
    // Only what is a control token ends a turn.
    assertThat(ends(turns).stops()).containsExactly(2, 0);
  }

  private GgufVocabulary.Ends ends(GgufWriter writer) {
    return GgufVocabulary.ends(GgufFile.open(writer.write(folder.resolve("e.gguf"))).metadata());
  }

  /** The tokenizer of stories260K in both files; the published text and the evaluation texts. */
  @Test
  void aRealVocabularyEncodesAsItsOwnFile() throws IOException {
    Path own = Shared.file("data/tok512.bin");
    JsonObject golden = Shared.json("fixtures/stories260k.json");
    try (Tokenizer expected = Tokenizer.open(own, 512);
        Tokenizer t = open(converted(own), 512)) {
      for (int[] ids : Shared.sequences(golden.getAsJsonArray("eval_ids"))) {
        List<Integer> list = new ArrayList<>();
        for (int id : ids) {
          if (id > 2) {
            list.add(id);
          }
        }
        String text = expected.decode(list);
        assertThat(t.encode(text)).isEqualTo(expected.encode(text));
        assertThat(t.decode(list)).isEqualTo(text);
      }
      String odd = "Zoë said:  \"x\ty\" 漢字 \uD83D\uDE00\n\nThe   end.";
      assertThat(t.encode(odd)).isEqualTo(expected.encode(odd));
    }
    assertThat(GgufTokenizerJson.of(GgufFile.open(folder.resolve("t.gguf")).metadata(), "t"))
        .contains("byte_fallback");
  }

  private static GgufWriter converted(Path file) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    in.getInt();
    List<String> tokens = new ArrayList<>();
    float[] scores = new float[512];
    int[] types = new int[512];
    for (int id = 0; id < 512; id++) {
      scores[id] = in.getFloat();
      byte[] piece = new byte[in.getInt()];
      in.get(piece);
      String text = new String(piece, StandardCharsets.UTF_8).replace(' ', '▁');
      types[id] = id == 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1;
      tokens.add(id >= 3 && id < 259 ? String.format("<0x%02X>", id - 3) : text.strip());
    }
    return new GgufWriter()
        .text("tokenizer.ggml.model", "llama")
        .texts("tokenizer.ggml.tokens", tokens)
        .i32s("tokenizer.ggml.token_type", types)
        .f32s("tokenizer.ggml.scores", scores)
        .u32("tokenizer.ggml.unknown_token_id", 0);
  }
}
