package dev.filigree.decoder.store;

import com.google.gson.JsonObject;
import dev.filigree.decoder.gguf.GgufFile;
import dev.filigree.decoder.gguf.GgufMetadata;
import dev.filigree.decoder.load.ConfigJson;
import dev.filigree.decoder.load.GgufModel;
import dev.filigree.decoder.load.PackedModel;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.text.GgufTokenizerJson;
import dev.filigree.decoder.text.GgufVocabulary;
import dev.filigree.file.IoReason;
import dev.filigree.file.PackedDirectory;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a model needs beside its weights: configuration and tokenizer. */
public final class FurtherFiles {
  /** A tokenizer of Hugging Face. */
  public static final String TOKENIZER_JSON = "tokenizer.json";

  /** A tokenizer of llama2.c. */
  public static final String TOKENIZER_BIN = "tokenizer.bin";

  /** What Hugging Face says of a tokenizer besides: its chat template, for example. */
  public static final String TOKENIZER_CONFIG = "tokenizer_config.json";

  private static final List<String> KNOWN =
      List.of(
          TOKENIZER_JSON,
          TOKENIZER_BIN,
          TOKENIZER_CONFIG,
          "special_tokens_map.json",
          "added_tokens.json",
          "generation_config.json",
          "chat_template.jinja",
          "tokenizer.model",
          "vocab.json",
          "merges.txt");

  private FurtherFiles() {}

  /**
   * The files of a model, by name. The configuration is that of the model, or one made from its
   * shape.
   *
   * @param path of the model
   * @param weights what was opened there
   * @param tokenizer to be taken instead of the model's own
   * @throws FiligreeException FIL-0404 where a file cannot be read, FIL-0402 where one of a packed
   *     directory was changed
   */
  public static Map<String, byte[]> of(
      Path path, DecoderWeights weights, Optional<Path> tokenizer) {
    Map<String, byte[]> files = new LinkedHashMap<>();
    if (weights instanceof PackedModel packed) {
      for (String name : packed.folder().receipt().files().keySet()) {
        if (!name.equals(PackedDirectory.THRESHOLDS) && !name.equals(PackedDirectory.REMAINDERS)) {
          files.put(name, packed.folder().content(name).orElseThrow());
        }
      }
    } else if (Files.isDirectory(path)) {
      files.put(PackedDirectory.CONFIG, read(path.resolve(PackedDirectory.CONFIG)));
      for (String name : KNOWN) {
        if (Files.isRegularFile(path.resolve(name))) {
          files.put(name, read(path.resolve(name)));
        }
      }
    } else {
      files.put(
          PackedDirectory.CONFIG,
          ConfigJson.text(weights.config()).getBytes(StandardCharsets.UTF_8));
    }
    if (weights instanceof GgufModel gguf) {
      GgufMetadata meta = gguf.file().metadata();
      if (tokenizer.isEmpty() && GgufVocabulary.isIn(meta)) {
        files.put(
            TOKENIZER_JSON, GgufTokenizerJson.of(meta, path).getBytes(StandardCharsets.UTF_8));
      }
      tokenizerConfig(meta)
          .ifPresent(text -> files.put(TOKENIZER_CONFIG, text.getBytes(StandardCharsets.UTF_8)));
    }
    tokenizer.ifPresent(
        t -> {
          files.remove(TOKENIZER_JSON);
          files.remove(TOKENIZER_BIN);
          if (GgufFile.isOne(t)) {
            String json = GgufTokenizerJson.of(GgufFile.open(t).metadata(), t);
            files.put(TOKENIZER_JSON, json.getBytes(StandardCharsets.UTF_8));
          } else {
            boolean json = t.getFileName().toString().endsWith(".json");
            files.put(json ? TOKENIZER_JSON : TOKENIZER_BIN, read(t));
          }
        });
    return files;
  }

  /** What a GGUF file says of chats, as Hugging Face has it. */
  private static Optional<String> tokenizerConfig(GgufMetadata meta) {
    JsonObject json = new JsonObject();
    GgufVocabulary.chatTemplate(meta).ifPresent(t -> json.addProperty("chat_template", t));
    GgufVocabulary.bosText(meta).ifPresent(t -> json.addProperty("bos_token", t));
    GgufVocabulary.eosText(meta).ifPresent(t -> json.addProperty("eos_token", t));
    return json.isEmpty() ? Optional.empty() : Optional.of(json + "\n");
  }

  /** Whether there is a tokenizer among them. */
  public static boolean hasTokenizer(Map<String, byte[]> files) {
    return files.containsKey(TOKENIZER_JSON) || files.containsKey(TOKENIZER_BIN);
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, file, IoReason.of(e));
    }
  }
}
