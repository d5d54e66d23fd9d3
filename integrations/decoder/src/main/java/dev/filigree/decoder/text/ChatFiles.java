package dev.filigree.decoder.text;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.filigree.decoder.gguf.GgufFile;
import dev.filigree.decoder.gguf.GgufMetadata;
import dev.filigree.file.IoReason;
import dev.filigree.file.PackedDirectory;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Where a model keeps its chat template and the texts of its special tokens. */
final class ChatFiles {
  private static final String JINJA = "chat_template.jinja";
  private static final String CONFIG = "tokenizer_config.json";
  private static final String SPECIALS = "special_tokens_map.json";
  private static final String TEMPLATE = "chat_template";

  private final Path folder;

  private ChatFiles(Path folder) {
    this.folder = folder;
  }

  static ChatTemplate template(Path model) {
    if (GgufFile.isOne(model)) {
      return ofGguf(model);
    }
    if (!Files.isDirectory(model)) {
      throw missing(model, "it is neither a directory nor a GGUF file");
    }
    return new ChatFiles(model).read();
  }

  private static ChatTemplate ofGguf(Path file) {
    GgufMetadata meta = GgufFile.open(file).metadata();
    String text =
        GgufVocabulary.chatTemplate(meta)
            .orElseThrow(() -> missing(file, "its metadata has no " + GgufVocabulary.TEMPLATE));
    Map<String, String> specials = new LinkedHashMap<>();
    GgufVocabulary.bosText(meta).ifPresent(t -> specials.put("bos_token", t));
    GgufVocabulary.eosText(meta).ifPresent(t -> specials.put("eos_token", t));
    return ChatTemplate.of(text, specials, file);
  }

  private ChatTemplate read() {
    Map<String, String> specials = new LinkedHashMap<>();
    Optional<JsonObject> config = json(CONFIG);
    json(SPECIALS).ifPresent(map -> addSpecials(map, specials));
    config.ifPresent(map -> addSpecials(map, specials));
    Optional<String> own = content(JINJA);
    if (own.isPresent()) {
      return ChatTemplate.of(own.get(), specials, folder.resolve(JINJA));
    }
    String text =
        config
            .map(map -> map.get(TEMPLATE))
            .map(this::chosen)
            .orElseThrow(
                () ->
                    missing(
                        folder,
                        "it has no "
                            + JINJA
                            + ", and "
                            + (config.isPresent()
                                ? "its " + CONFIG + " has no " + TEMPLATE
                                : "no " + CONFIG)));
    return ChatTemplate.of(text, specials, folder.resolve(CONFIG));
  }

  /** One text, or several with names, of which "default" is meant. */
  private String chosen(JsonElement value) {
    if (value.isJsonPrimitive()) {
      return value.getAsString();
    }
    if (value.isJsonArray()) {
      for (JsonElement each : value.getAsJsonArray()) {
        if (each.isJsonObject()
            && "default".equals(text(each.getAsJsonObject().get("name")))
            && text(each.getAsJsonObject().get("template")) != null) {
          return text(each.getAsJsonObject().get("template"));
        }
      }
    }
    throw missing(
        folder, TEMPLATE + " in its " + CONFIG + " is neither a text nor a list with a default");
  }

  /** A token is a text, or an object with the text as its content. */
  private static void addSpecials(JsonObject from, Map<String, String> to) {
    for (Map.Entry<String, JsonElement> entry : from.entrySet()) {
      JsonElement value = entry.getValue();
      String text = text(value.isJsonObject() ? value.getAsJsonObject().get("content") : value);
      if (entry.getKey().endsWith("_token") && text != null) {
        to.put(entry.getKey(), text);
      }
    }
  }

  private static String text(JsonElement value) {
    boolean isText =
        value != null && value.isJsonPrimitive() && value.getAsJsonPrimitive().isString();
    return isText ? value.getAsString() : null;
  }

  private Optional<JsonObject> json(String name) {
    return content(name)
        .map(
            text -> {
              try {
                return JsonParser.parseString(text).getAsJsonObject();
              } catch (JsonParseException | IllegalStateException e) {
                throw new FiligreeException(
                    e, Message.FIL_0861, folder.resolve(name), "the file is no JSON object");
              }
            });
  }

  private Optional<String> content(String name) {
    if (PackedDirectory.isOne(folder)) {
      return PackedDirectory.open(folder)
          .content(name)
          .map(bytes -> new String(bytes, StandardCharsets.UTF_8));
    }
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, file, IoReason.of(e));
    }
  }

  private static FiligreeException missing(Path model, String looked) {
    return new FiligreeException(Message.FIL_0860, model, looked);
  }
}
