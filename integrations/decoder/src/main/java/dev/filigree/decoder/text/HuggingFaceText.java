package dev.filigree.decoder.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.filigree.decoder.gguf.GgufFile;
import dev.filigree.file.IoReason;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A {@code tokenizer.json}, or the tokenizer of a GGUF file, through DJL's binding of Hugging Face
 * tokenizers.
 */
final class HuggingFaceText implements Tokenizer {
  private final HuggingFaceTokenizer tokenizer;
  private final int size;

  private HuggingFaceText(HuggingFaceTokenizer tokenizer, int size) {
    this.tokenizer = tokenizer;
    this.size = size;
  }

  static HuggingFaceText open(Path path, int ids) {
    if (!Files.isReadable(path)) {
      throw new FiligreeException(Message.FIL_0404, path, "it is not there or not readable");
    }
    String json;
    try {
      json = Files.readString(path);
    } catch (CharacterCodingException e) {
      throw new FiligreeException(e, Message.FIL_0710, path, "it is not UTF-8");
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, path, IoReason.of(e));
    }
    return open(
        path,
        ids,
        Message.FIL_0710,
        json,
        () ->
            HuggingFaceTokenizer.builder()
                .optTokenizerPath(path)
                .optAddSpecialTokens(false)
                .optTruncation(false)
                .optPadding(false)
                .build());
  }

  /**
   * The tokenizer of a GGUF file.
   *
   * @throws FiligreeException FIL-0823 where it is none
   */
  static HuggingFaceText ofGguf(Path path, int ids) {
    String json = GgufTokenizerJson.of(GgufFile.open(path).metadata(), path);
    return open(
        path,
        ids,
        Message.FIL_0823,
        json,
        () ->
            HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)),
                Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false")));
  }

  private interface Opening {
    HuggingFaceTokenizer open() throws IOException;
  }

  private static HuggingFaceText open(
      Path path, int ids, Message refusal, String json, Opening opening) {
    try {
      int size = TokenizerJson.check(json);
      if (size > ids) {
        throw new FiligreeException(Message.FIL_0711, path, size, ids);
      }
      return new HuggingFaceText(opening.open(), size);
    } catch (FiligreeException e) {
      throw e;
    } catch (IOException | RuntimeException | LinkageError e) {
      // The native library reports everything as a RuntimeException.
      throw new FiligreeException(e, refusal, path, e.getMessage());
    }
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public boolean hasSpecialTokens() {
    return true;
  }

  @Override
  public List<Integer> encode(String text) {
    return Arrays.stream(tokenizer.encode(text, false, false).getIds())
        .mapToInt(Math::toIntExact)
        .boxed()
        .toList();
  }

  @Override
  public String decode(List<Integer> ids) {
    return tokenizer.decode(ids.stream().mapToLong(Integer::longValue).toArray(), true);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
